/* The launcher's rooms, and what they say to each other.
 *
 *   daemon ── control socket (fd 3), stdio ──> L   launch.c       relay, time limit, lifeline; on the host
 *          └─ channel (fd 4) ────────────────> F   launch-ferry.c   only with doors: carries what the daemon lets through; on the host
 *          published ports ──────────────────> Q   launch-quay.c    only once a port is published: accepts on 127.0.0.1; on the host
 *                                              └─> I   launch-init.c     pid 1 of the sandbox: builds it, reaps, reports
 *                                                  ├─> C   launch-command.c  the command: no capabilities, own session
 *                                                  └─> M   launch-mover.c    renames folders where the overlay does not: the rights of C
 *
 * Each link dies with the one above it (parent-death signal), and the pid namespace dies with I.
 * L answers the daemon with lines; every run ends with exactly one of the last six:
 *   started PID
 *   port HOST ERRNO   (0: published, or withdrawn; one for each word about ports, in order)
 *   lingering PID   (of I: something of the run waits inside the kernel and cannot be ended; an end follows)
 *   failed STEP ERRNO TEXT | notfound ERRNO TEXT
 *   exited CODE U S M | signalled N U S M | timedout U S M | killed U S M    (U, S: microseconds of CPU; M: KiB) */
#ifndef NEXUS_LAUNCH_H
#define NEXUS_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* ---- The request (launch-request.c) ---- */

struct text_list {
  char **items; /* ends with NULL */
  size_t count;
};

struct launch_request {
  char *bytes; /* owns every text below */
  struct text_list argv, env;
  char *cwd;
  long umask, timeout_ms, rows, cols; /* 0: no time limit, no terminal */
  long processes, cpus;               /* 0: held by a control group, or no limit */
  char *net, *stdin_from;             /* off | on, null | pipe */
  struct text_list doors;             /* ports of the sandbox's own loopback that the ferry answers at; descriptor 4 is its channel */

  char *backend;            /* overlay | copy */
  char *xattrs;             /* overlay: trusted | user */
  char *project;            /* where the command sees its project: the project's own path */
  char *upper, *work;       /* overlay: both; copy: upper is the copied project */
  struct text_list parents; /* overlay: uppers of the runs below, nearest first */

  char *home, *home_from; /* the private home, at its usual path */
  char *tmp_from, *vartmp_from;
  struct text_list readonly;           /* host folders shown at their own path */
  struct text_list silent;             /* host folders, outer ones first, shown as overlays of nothing; also some of `readonly` */
  struct text_list bind_from, bind_to; /* private folders, pairwise */
  struct text_list hide;               /* files and folders that are empty inside */
  struct text_list mask, deny;         /* files of the project: read as empty; not to be opened */

  char *calls;    /* which system calls: filtered | nested (filtered, but user namespaces may be made) | all */
  char *landlock; /* scoped | on (without scopes: abstract sockets stay) | off */
  char *renames;  /* of folders: plain | watched (carried out where the overlay refuses) */
};

#define REQUEST_BYTES_MAX (1024 * 1024)

/* Both return NULL, or the name of what is wrong with the bytes. */
const char *request_read(int fd, struct launch_request *request);
const char *request_parse(char *bytes, size_t length, struct launch_request *request);
void request_free(struct launch_request *request);

/* A later word of the daemon. */
struct launch_frame {
  enum { FRAME_RESIZE, FRAME_KILL, FRAME_TERM, FRAME_PUBLISH, FRAME_WITHDRAW } kind;
  long rows, cols, host, inside;
};

#define FRAME_BYTES_MAX 256
const char *frame_parse(char *bytes, size_t length, struct launch_frame *frame);

/* ---- What L tells the daemon (launch-answer.c) ---- */

#define CONTROL 3

void tell_daemon(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Streams between the daemon and the command (launch-relay.c) ---- */

struct stream {
  int from, to; /* -1: closed */
  bool is_terminal_input;
  size_t start, length;
  unsigned char buffer[64 * 1024];
};

void stream_open(struct stream *stream, int from, int to);
/* The descriptor and events it waits for; fd -1 when there is nothing left to do. */
struct pollfd;
void stream_wants(const struct stream *stream, struct pollfd *wanted);
/* Moves what can be moved without waiting; true when bytes moved. */
bool stream_move(struct stream *stream);
bool stream_is_done(const struct stream *stream);

/* ---- What I tells L (launch-report.c) ---- */

struct report {
  enum { REPORT_TERMINAL, REPORT_DOOR, REPORT_STARTED, REPORT_FAILED, REPORT_NOT_FOUND, REPORT_ENDED } kind;
  int number;           /* errno, the wait status, or the port of a door */
  struct rusage usage;  /* REPORT_ENDED */
  char step[32];        /* REPORT_FAILED */
  char text[200];
};

/* The socket to L; set once, first thing in I. */
void report_to(int socket);
bool report_send(const struct report *report, int passed_fd);
/* 1 received, 0 the other side is gone, -1 nothing yet. */
int report_receive(int socket, struct report *report, int *passed_fd);
/* One record with or without a descriptor; the lower half of the two above. */
bool descriptor_send(int socket, const void *bytes, size_t length, int passed_fd);
ssize_t descriptor_receive(int socket, void *bytes, size_t length, int flags, int *passed_fd);
long long microseconds(struct timeval spent);
/* Ends I: the sandbox cannot be built. Takes errno. `detail` may be NULL. */
_Noreturn void fail(const char *step, const char *detail);

/* ---- I and C ---- */

/* What L hands to I. */
struct cell {
  const struct launch_request *request;
  bool own_user_namespace; /* the daemon is not root: I is the owner of a user namespace */
  uid_t uid;
  gid_t gid;
  int report_socket;
  int harbour; /* where it is asked for sockets of the sandbox's network; -1: the run has the host's */
  int standard[3]; /* the command's ends of its pipes; unused on a terminal */
};

_Noreturn void init_main(struct cell *cell);

/* How C starts. */
struct start {
  int standard[3];
  bool is_terminal;
  bool keeps_root; /* uid 0 in a user namespace of its own */
  int go;          /* readable once the user namespace is mapped; -1: at once */
  int mistakes;    /* socket, closes on exec; a `struct mistake` when that did not happen. Before, the listener for renames */
};

struct mistake {
  int number;
  bool is_exec; /* else a step of ours */
  char step[32];
};

/* The last two walls; -1 and errno when this kernel does not have them. */
int landlock_enter(const struct launch_request *request, const char **missing); /* launch-landlock.c */
/* launch-filter.c; `listener`: NULL, or where to put the descriptor that tells of renames. */
int filter_install(bool allows_namespaces, int *listener);

_Noreturn void command_main(const struct launch_request *request, const struct start *start);

/* ---- Steps of I ---- */

void mounts_build(const struct cell *cell);                    /* launch-mounts.c */
void mount_project(int root, const struct launch_request *request, int empty_folder); /* launch-project.c */
bool mount_silent(int source, int target, int empty_folder); /* launch-silent.c */
void mount_proc(int root);                                     /* launch-system.c */
void mount_dev(int root);
void protect_proc(int root, int empty_folder, int empty_file);
void hide(int root, const char *path, int empty_folder, int empty_file); /* launch-hide.c */
void deny(int root, const char *path, int device);
void pin_above(int root, const char *project, const char *path);

/* Places below the new root (launch-inside.c); links are followed inside it only. */
int inside_open(int root, const char *path);         /* O_PATH, -1 when absent */
int inside_make(int root, const char *path);         /* a directory, made where that is possible; -1 and errno */
int host_open(const char *path, const char *step);  /* O_PATH on the host side */
void inside_bind(int source, int target, unsigned long long attributes, const char *step);
void inside_mount(int target, const char *type, unsigned long flags, const char *options, const char *step);

bool harbour_serve(int cell);                             /* launch-harbour.c */
void network_prepare(const struct text_list *doors);      /* launch-network.c */
void terminal_open(const struct launch_request *request, int *master, int *slave); /* launch-terminal.c */
void terminal_resize(int master, long rows, long cols);

/* Capabilities (launch-caps.c) */
bool caps_has_sys_admin(void);
/* Keeps only those of `kept` (bits), also as the bound of later execs; 0: none. -1 and errno. */
int caps_keep(unsigned long long kept);
unsigned long long caps_of_contained_root(void);

#endif
