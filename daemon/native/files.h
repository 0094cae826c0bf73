/* The parts of `nexus-native files`. Every function returns 0 or an errno; none of them prints or exits. */
#ifndef NEXUS_FILES_H
#define NEXUS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A place in a tree: an open directory and a path below it that never leaves it and follows no symbolic link. */
struct place {
	int root;         /* O_PATH descriptor of the tree */
	const char *path; /* relative, not terminated; "" is the root itself */
	size_t length;
};

/* Opens the object itself. `flags` as of open(2); O_NOFOLLOW and O_CLOEXEC are added. */
int place_open(const struct place *place, int flags, int *out);
/* Copies the last name into `name` (NAME_MAX + 1 bytes). */
int place_name(const struct place *place, char *name);
/* Opens the directory that holds it and copies the last name into `name` (NAME_MAX + 1 bytes). */
int place_parent(const struct place *place, int *parent, char *name);
int place_stat(const struct place *place, struct stat *out);

enum { COPY_CLONED = 1, COPY_RANGED = 2, COPY_WRITTEN = 3 };
/* Copies content and extended attributes into a new file, mode 0600. `lend`: an own file that its mode makes
 * unreadable is made readable for the moment of opening. */
int copy_file(const struct place *from, const struct place *to, int lend, uint64_t *size, int *how);

/* Makes the extended attributes of `to` those of `from`, apart from the kernel's, overlayfs' and security ones. */
int copy_attributes(int from, int to);
/* Has an open file any that would be listed? One call, which is all that most files need. */
bool may_have_attributes(int file);
/* Lists them: name, NUL, length (u32), value, again and again. The caller frees. */
int list_attributes(int descriptor, unsigned char **out, size_t *length);

/* ---- Bytes of requests and answers (files-wire.c) ---- */

/* A request being read; `bad` stays set after the first field that does not fit. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};

struct buffer {
	unsigned char *bytes;
	size_t length, room;
};

void put(struct buffer *buffer, const void *bytes, size_t length);
bool reserve(struct buffer *buffer, size_t more);
void put_u8(struct buffer *buffer, uint8_t value);
void put_u32(struct buffer *buffer, uint32_t value);
void put_u64(struct buffer *buffer, uint64_t value);
void put_text(struct buffer *buffer, const void *bytes, size_t length);
const unsigned char *take(struct reader *reader, size_t length);
uint8_t take_u8(struct reader *reader);
uint32_t take_u32(struct reader *reader);
uint64_t take_u64(struct reader *reader);
const char *take_text(struct reader *reader, size_t *length);
char *take_string(struct reader *reader);

/* ---- Looking (files-look.c) ---- */

int stat_place(struct place *place, struct buffer *out);
int read_marks(struct place *place, uint8_t namespace, struct buffer *out);
int read_all_attributes(int root, struct reader *reader, struct buffer *out);

int list_place(struct place *place, struct buffer *out);

/* ---- Looking at many, with their contents (files-hash.c, files-sha256.c) ---- */

/* Has the processor instructions for SHA-256? Without them digest_of does nothing. */
bool can_hash(void);
void digest_of(const unsigned char *bytes, size_t length, unsigned char digest[32]);
int look_all(int root, bool with_status, struct reader *reader, struct buffer *out);

/* ---- Changing (files-change.c) ---- */

enum { RENAME_WITHOUT_REPLACING = 1, RENAME_EXCHANGING = 2 };
enum { META_MODE = 1, META_OWNER = 2, META_MTIME = 4, META_OWNER_IF_ALLOWED = 8 };

/* What a path must still be when it is replaced or removed. */
struct guard {
	bool set;
	uint64_t device, inode, size;
	int64_t seconds;
	uint32_t nanoseconds;
};

struct meta {
	uint8_t what;
	uint32_t mode, user, group;
	struct timespec mtime;
};

int rename_place(struct place *from, struct place *to, uint8_t flags, const struct guard *guard);
int unlink_place(struct place *place, int flags, const struct guard *guard);
int make_place(struct place *place, uint32_t mode, const char *target);
int link_place(struct place *from, struct place *to);
int set_meta(struct place *place, const struct meta *meta);
int carry_attributes(struct place *from, struct place *to);
/* What overlayfs would have written on a directory of an upper layer. */
int put_marks(struct place *place, uint8_t namespace, uint8_t opaque, const char *redirect, size_t length);
int sync_place(struct place *place, bool whole);

/* ---- The trees that the daemon has opened (files-roots.c) ---- */

#define ROOTS_MAX 256

struct root {
	int tree; /* -1: free */
	int lock; /* -1: not locked */
};

struct session {
	bool greeted;
	struct root roots[ROOTS_MAX];
	struct buffer answers;
};

struct root *take_root(struct session *session, struct reader *reader);
struct place take_place(struct session *session, struct reader *reader);
struct guard take_guard(struct reader *reader);
int open_root(struct session *session, struct reader *reader, struct buffer *out);
int close_root(struct root *root);
int lock_root(struct root *root);

#endif
