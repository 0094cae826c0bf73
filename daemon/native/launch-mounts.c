/* What the command sees of the file system. All of it is built below a read-only copy of the host's tree, in a mount
 * namespace of its own; the last step makes that copy the root and lets go of the host's. Nothing is ever created in
 * the host's tree: new mount points appear only inside private folders. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

struct empties {
  int folder, file, blank; /* file: nobody's; blank: everybody reads that it is empty */
};

/* Sources are opened before anything is covered; every later step uses the descriptors. */
struct sources {
  int home, tmp, device, vartmp;
  int *binds, *readonly, *silent;
};

static struct sources open_sources(const struct launch_request *request);
static int copy_root(void);
static struct empties make_empties(int root);
static void mount_private_places(int root, const struct launch_request *request, const struct sources *sources);
static void mount_run(int root);
static void mount_home(int root, const struct launch_request *request, const struct sources *sources);
static void mount_silent_places(int root, const struct launch_request *request, const struct sources *sources, int empty_folder);
static void mount_readonly(int root, const struct launch_request *request, const struct sources *sources, int empty_folder);
static bool holds(const struct text_list *list, const char *path);
static void enter(int root);

#define PRIVATE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

void mounts_build(const struct cell *cell) {
  const struct launch_request *request = cell->request;
  /* Before anything else: no mount of ours may ever travel back to the host. */
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("private-mounts", NULL);
  struct sources sources = open_sources(request);
  int root = copy_root();
  struct empties empties = make_empties(root);
  mount_silent_places(root, request, &sources, empties.folder);
  mount_proc(root);
  mount_dev(root);
  mount_run(root);
  mount_private_places(root, request, &sources);
  mount_project(root, request, empties.folder);
  mount_readonly(root, request, &sources, empties.folder);
  for (size_t i = 0; i < request->hide.count; i++) pin_above(root, request->project, request->hide.items[i]);
  for (size_t i = 0; i < request->hide.count; i++) hide(root, request->hide.items[i], empties.folder, empties.file);
  for (size_t i = 0; i < request->mask.count; i++) hide(root, request->mask.items[i], empties.folder, empties.blank);
  for (size_t i = 0; i < request->deny.count; i++) deny(root, request->deny.items[i], sources.device);
  protect_proc(root, empties.folder, empties.file);
  enter(root);
}

static struct sources open_sources(const struct launch_request *request) {
  struct sources sources = {
    .home = request->home_from ? host_open(request->home_from, "home") : -1,
    .tmp = host_open(request->tmp_from, "tmp"),
    .device = request->deny.count ? host_open("/dev/null", "hide") : -1,
    .vartmp = host_open(request->vartmp_from, "tmp"),
    .binds = calloc(request->bind_from.count + 1, sizeof(int)),
    .readonly = calloc(request->readonly.count + 1, sizeof(int)),
    .silent = calloc(request->silent.count + 1, sizeof(int)),
  };
  if (!sources.binds || !sources.readonly || !sources.silent) fail("memory", NULL);
  for (size_t i = 0; i < request->bind_from.count; i++) sources.binds[i] = host_open(request->bind_from.items[i], "bind");
  /* One that has just gone away is simply not there inside either. */
  for (size_t i = 0; i < request->readonly.count; i++) sources.readonly[i] = open(request->readonly.items[i], O_PATH | O_CLOEXEC);
  for (size_t i = 0; i < request->silent.count; i++) sources.silent[i] = holds(&request->readonly, request->silent.items[i]) ? -1 : open(request->silent.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
  return sources;
}

/* The whole host tree, read-only, without set-user-id bits and devices, attached on top of "/" but not yet entered. */
static int copy_root(void) {
  int root = (int)syscall(SYS_open_tree, AT_FDCWD, "/", AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (root < 0) fail("root", "open_tree");
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | PRIVATE};
  if (syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0) fail("root", "mount_setattr");
  if (syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) fail("root", "move_mount");
  return root;
}

/* An empty folder and an empty file to hide things with. They live below /proc and are covered by it right after. */
static struct empties make_empties(int root) {
  int place = inside_open(root, "/proc");
  if (place < 0) fail("empty", "/proc");
  inside_mount(place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k", "empty");
  close(place);
  place = inside_open(root, "/proc");
  if (place < 0 || mkdirat(place, "folder", 0555) != 0 || mknodat(place, "file", S_IFREG, 0) != 0 || mknodat(place, "blank", S_IFREG | 0444, 0) != 0) fail("empty", NULL);
  struct empties empties = {.folder = inside_open(root, "/proc/folder"), .file = inside_open(root, "/proc/file"), .blank = inside_open(root, "/proc/blank")};
  if (empties.folder < 0 || empties.file < 0 || empties.blank < 0) fail("empty", NULL);
  /* Once for all that will be covered with them. */
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, place, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) fail("empty", "mount_setattr");
  close(place);
  return empties;
}

/* Everybody's scratch folders become the run's own; other people's homes become empty. */
static void mount_private_places(int root, const struct launch_request *request, const struct sources *sources) {
  int tmp = inside_open(root, "/tmp"), vartmp = inside_open(root, "/var/tmp");
  struct stat one, other;
  bool same = tmp >= 0 && vartmp >= 0 && fstat(tmp, &one) == 0 && fstat(vartmp, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
  if (tmp >= 0) inside_bind(sources->tmp, tmp, PRIVATE, "tmp");
  if (vartmp >= 0 && !same) inside_bind(sources->vartmp, vartmp, PRIVATE, "tmp");
  static const char *const homes[] = {"/home", "/root"};
  for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
    int place = inside_open(root, homes[i]);
    if (place >= 0) inside_mount(place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m", "homes");
    close(place);
  }
  mount_home(root, request, sources);
  close(tmp);
  close(vartmp);
}

static void mount_home(int root, const struct launch_request *request, const struct sources *sources) {
  int place = request->home ? inside_make(root, request->home) : -1;
  /* A home that does not exist outside (HOME=/nonexistent) does not exist inside. */
  if (place >= 0) inside_bind(sources->home, place, PRIVATE, "home");
  close(place);
  for (size_t i = 0; i < request->bind_to.count; i++) {
    int target = inside_make(root, request->bind_to.items[i]);
    if (target >= 0) inside_bind(sources->binds[i], target, PRIVATE, "bind");
    else if (place >= 0) fail("bind", request->bind_to.items[i]);
    close(target);
  }
}

/* Name lookup often reads a file below /run; the sockets around it stay outside. */
static void mount_run(int root) {
  char text[16 * 1024];
  ssize_t length = 0;
  char *resolver = realpath("/etc/resolv.conf", NULL);
  bool is_below = resolver && (strncmp(resolver, "/run/", 5) == 0 || strncmp(resolver, "/var/run/", 9) == 0);
  int old = is_below ? open(resolver, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  if (old >= 0) length = read(old, text, sizeof text);
  close(old);
  int place = inside_open(root, "/run");
  if (place >= 0) inside_mount(place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64m", "run");
  close(place);
  place = inside_make(root, "/run/lock");
  close(place);
  if (is_below && length > 0) {
    *strrchr(resolver, '/') = '\0';
    place = inside_make(root, resolver);
    int copy = place < 0 ? -1 : openat(place, resolver + strlen(resolver) + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (copy < 0 || write(copy, text, (size_t)length) != length) fail("resolver", NULL);
    close(copy);
    close(place);
  }
  free(resolver);
}

/* Before anything private lies on them. Those of `readonly` have their place only afterwards. */
static void mount_silent_places(int root, const struct launch_request *request, const struct sources *sources, int empty_folder) {
  for (size_t i = 0; i < request->silent.count; i++) {
    int target = sources->silent[i] < 0 ? -1 : inside_open(root, request->silent.items[i]);
    /* The outer one hides it already: it must be shown in any case. */
    if (target >= 0 && !mount_silent(sources->silent[i], target, empty_folder)) inside_bind(sources->silent[i], target, MOUNT_ATTR_RDONLY | PRIVATE, "silent");
    close(target);
  }
}

static void mount_readonly(int root, const struct launch_request *request, const struct sources *sources, int empty_folder) {
  for (size_t i = 0; i < request->readonly.count; i++) {
    const char *path = request->readonly.items[i];
    struct stat found;
    if (sources->readonly[i] < 0 || fstat(sources->readonly[i], &found) != 0) continue;
    /* A place for a single file is never made: it would be left behind in the private home. */
    int target = S_ISDIR(found.st_mode) ? inside_make(root, path) : inside_open(root, path);
    bool is_silent = S_ISDIR(found.st_mode) && holds(&request->silent, path);
    if (target >= 0 && !(is_silent && mount_silent(sources->readonly[i], target, empty_folder))) inside_bind(sources->readonly[i], target, MOUNT_ATTR_RDONLY | PRIVATE, "readonly");
    close(target);
  }
}

static bool holds(const struct text_list *list, const char *path) {
  for (size_t i = 0; i < list->count; i++) if (strcmp(list->items[i], path) == 0) return true;
  return false;
}

static void enter(int root) {
  if (fchdir(root) != 0) fail("enter", "chdir");
  if (syscall(SYS_pivot_root, ".", ".") != 0) fail("enter", "pivot_root");
  /* After the pivot "." is the old root, stacked over the new one. */
  if (umount2(".", MNT_DETACH) != 0) fail("enter", "umount");
  if (chdir("/") != 0) fail("enter", "chdir");
}
