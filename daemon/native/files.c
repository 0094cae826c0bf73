/* nexus-native files: a long-lived child of the daemon that works through file operations in the order asked.
 *
 * Frames on stdin and stdout, integers little-endian, text as u32 length + bytes:
 *   request  u32 length | u32 id | u8 operation | fields
 *   answer   u32 length | u32 id | u32 errno    | fields (only when errno is 0)
 * The first request is the greeting (magic, protocol). Requests may be pipelined. End of input ends the helper, and so
 * does the end of its parent: a request of a daemon that was killed must not land while its successor recovers. */
#define _GNU_SOURCE
#include "files.h"
#include "nexus-native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAGIC 0x3146584eu /* "NXF1" */
#define REQUEST_MAX (1024 * 1024)
#define FLUSH_AT (64 * 1024)
#define ROOTS_MAX 256

enum operation {
	OP_HELLO = 1, OP_ROOT, OP_CLOSE, OP_STAT, OP_MKDIR, OP_SYMLINK, OP_LINK, OP_COPY, OP_RENAME, OP_UNLINK, OP_RMDIR,
	OP_META, OP_MARKS, OP_ATTRIBUTES, OP_COPY_ATTRIBUTES, OP_FSYNC, OP_SYNCFS, OP_LIST, OP_LOCK,
};
enum { RENAME_WITHOUT_REPLACING = 1, RENAME_EXCHANGING = 2 };
enum { META_MODE = 1, META_OWNER = 2, META_MTIME = 4, META_OWNER_IF_ALLOWED = 8 };

/* A request being read; `bad` stays set after the first field that does not fit. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};

struct buffer {
	unsigned char *bytes;
	size_t length, room;
};

struct root {
	int tree; /* -1: free */
	int lock; /* -1: not locked */
};

struct session {
	bool greeted;
	struct root roots[ROOTS_MAX];
	struct buffer answers;
};

/* What a path must still be when it is replaced or removed. */
struct guard {
	bool set;
	uint64_t device, inode, size;
	int64_t seconds;
	uint32_t nanoseconds;
};

static int answer_requests(struct session *session);
static bool serve(struct session *session, const unsigned char *request, size_t length);
static int perform(struct session *session, enum operation operation, struct reader *reader, struct buffer *out);

int files_main(void)
{
	static struct session session;
	for (size_t i = 0; i < ROOTS_MAX; i++)
		session.roots[i] = (struct root){ -1, -1 };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	umask(0);
	int status = answer_requests(&session);
	for (size_t i = 0; i < ROOTS_MAX; i++) {
		if (session.roots[i].tree >= 0)
			close(session.roots[i].tree);
		if (session.roots[i].lock >= 0)
			close(session.roots[i].lock);
	}
	free(session.answers.bytes);
	return status;
}

/* ---- frames ---- */

static bool reserve(struct buffer *buffer, size_t more)
{
	if (buffer->room - buffer->length >= more)
		return true;
	size_t room = buffer->room ? buffer->room : 4096;
	while (room - buffer->length < more)
		room *= 2;
	unsigned char *bytes = realloc(buffer->bytes, room);
	if (!bytes)
		return false;
	buffer->bytes = bytes;
	buffer->room = room;
	return true;
}

static void put(struct buffer *buffer, const void *bytes, size_t length)
{
	/* An answer that does not fit into memory is an answer that cannot be given. */
	if (!reserve(buffer, length))
		abort();
	if (length)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

static void put_u8(struct buffer *buffer, uint8_t value) { put(buffer, &value, 1); }
static void put_u32(struct buffer *buffer, uint32_t value) { put(buffer, &value, 4); }
static void put_u64(struct buffer *buffer, uint64_t value) { put(buffer, &value, 8); }

static void put_text(struct buffer *buffer, const void *bytes, size_t length)
{
	put_u32(buffer, (uint32_t)length);
	put(buffer, bytes, length);
}

static bool flush(struct buffer *buffer)
{
	size_t done = 0;
	while (done < buffer->length) {
		ssize_t wrote = write(STDOUT_FILENO, buffer->bytes + done, buffer->length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		done += (size_t)wrote;
	}
	buffer->length = 0;
	return true;
}

/* Serves every whole frame it has, then answers, then waits for more. */
static int answer_requests(struct session *session)
{
	struct buffer in = { 0 };
	int status = 0;
	for (;;) {
		if (!reserve(&in, 64 * 1024)) {
			status = 1;
			break;
		}
		ssize_t got = read(STDIN_FILENO, in.bytes + in.length, in.room - in.length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			status = got < 0;
			break;
		}
		in.length += (size_t)got;
		size_t at = 0;
		bool goes_on = true;
		while (goes_on && in.length - at >= 4) {
			uint32_t length;
			memcpy(&length, in.bytes + at, 4);
			if (length < 5 || length > REQUEST_MAX) {
				goes_on = false;
				break;
			}
			if (in.length - at - 4 < length)
				break;
			goes_on = serve(session, in.bytes + at + 4, length) && (session->answers.length < FLUSH_AT || flush(&session->answers));
			at += 4 + (size_t)length;
		}
		memmove(in.bytes, in.bytes + at, in.length - at);
		in.length -= at;
		if (!flush(&session->answers) || !goes_on) {
			status = 1;
			break;
		}
	}
	free(in.bytes);
	return status;
}

/* False: this is no client of ours, stop. */
static bool serve(struct session *session, const unsigned char *request, size_t length)
{
	uint32_t id;
	memcpy(&id, request, 4);
	enum operation operation = request[4];
	if (!session->greeted && operation != OP_HELLO)
		return false;
	struct reader reader = { request + 5, request + length, false };
	struct buffer *out = &session->answers;
	size_t start = out->length;
	put_u32(out, 0);
	put_u32(out, id);
	put_u32(out, 0);
	int wrong = perform(session, operation, &reader, out);
	if (wrong)
		out->length = start + 12;
	uint32_t size = (uint32_t)(out->length - start - 4), code = (uint32_t)wrong;
	memcpy(out->bytes + start, &size, 4);
	memcpy(out->bytes + start + 8, &code, 4);
	return session->greeted;
}

/* ---- fields ---- */

static const unsigned char *take(struct reader *reader, size_t length)
{
	if (reader->bad || (size_t)(reader->end - reader->at) < length) {
		reader->bad = true;
		return NULL;
	}
	const unsigned char *bytes = reader->at;
	reader->at += length;
	return bytes;
}

static uint8_t take_u8(struct reader *reader)
{
	const unsigned char *bytes = take(reader, 1);
	return bytes ? bytes[0] : 0;
}

static uint32_t take_u32(struct reader *reader)
{
	uint32_t value = 0;
	const unsigned char *bytes = take(reader, 4);
	if (bytes)
		memcpy(&value, bytes, 4);
	return value;
}

static uint64_t take_u64(struct reader *reader)
{
	uint64_t value = 0;
	const unsigned char *bytes = take(reader, 8);
	if (bytes)
		memcpy(&value, bytes, 8);
	return value;
}

static const char *take_text(struct reader *reader, size_t *length)
{
	*length = take_u32(reader);
	const unsigned char *bytes = take(reader, *length);
	if (!bytes)
		*length = 0;
	return (const char *)bytes;
}

/* A whole path as a C string, for the two calls that take one. The caller frees. */
static char *take_string(struct reader *reader)
{
	size_t length;
	const char *text = take_text(reader, &length);
	if (!text || memchr(text, '\0', length)) {
		reader->bad = true;
		return NULL;
	}
	return strndup(text, length);
}

static struct root *take_root(struct session *session, struct reader *reader)
{
	uint32_t handle = take_u32(reader);
	if (reader->bad || handle >= ROOTS_MAX || session->roots[handle].tree < 0) {
		reader->bad = true;
		return NULL;
	}
	return &session->roots[handle];
}

static struct place take_place(struct session *session, struct reader *reader)
{
	struct place place = { -1, "", 0 };
	struct root *root = take_root(session, reader);
	place.path = take_text(reader, &place.length);
	place.root = root ? root->tree : -1;
	if (!place.path)
		place.path = "";
	return place;
}

static struct guard take_guard(struct reader *reader)
{
	struct guard guard = { .set = take_u8(reader) != 0 };
	if (!guard.set)
		return guard;
	guard.device = take_u64(reader);
	guard.inode = take_u64(reader);
	guard.size = take_u64(reader);
	guard.seconds = (int64_t)take_u64(reader);
	guard.nanoseconds = take_u32(reader);
	return guard;
}

/* ---- operations ---- */

/* ESTALE: somebody else was here since the caller looked. */
static int check_guard(const struct guard *guard, int parent, const char *name)
{
	struct stat now;
	if (!guard->set)
		return 0;
	if (fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ESTALE : errno;
	bool same = now.st_dev == guard->device && now.st_ino == guard->inode && (uint64_t)now.st_size == guard->size &&
		now.st_mtim.tv_sec == guard->seconds && now.st_mtim.tv_nsec == guard->nanoseconds;
	return same ? 0 : ESTALE;
}

static int greet(struct session *session, struct reader *reader, struct buffer *out)
{
	uint32_t magic = take_u32(reader), protocol = take_u32(reader);
	if (reader->bad || magic != MAGIC || protocol != NEXUS_NATIVE_PROTOCOL)
		return EPROTO;
	session->greeted = true;
	put_u32(out, NEXUS_NATIVE_PROTOCOL);
	return 0;
}

static int open_root(struct session *session, struct reader *reader, struct buffer *out)
{
	char *path = take_string(reader);
	int wrong = EMFILE;
	if (!path || reader->bad || path[0] != '/')
		wrong = EINVAL;
	for (uint32_t i = 0; wrong == EMFILE && i < ROOTS_MAX; i++) {
		if (session->roots[i].tree >= 0)
			continue;
		session->roots[i].tree = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		wrong = session->roots[i].tree < 0 ? errno : 0;
		if (!wrong)
			put_u32(out, i);
	}
	free(path);
	return wrong;
}

static int close_root(struct root *root)
{
	close(root->tree);
	if (root->lock >= 0)
		close(root->lock);
	*root = (struct root){ -1, -1 };
	return 0;
}

static void put_stat(struct buffer *out, const struct stat *status)
{
	put_u32(out, status->st_mode);
	put_u32(out, status->st_uid);
	put_u32(out, status->st_gid);
	put_u32(out, (uint32_t)status->st_nlink);
	put_u64(out, status->st_dev);
	put_u64(out, status->st_ino);
	put_u64(out, (uint64_t)status->st_size);
	put_u64(out, (uint64_t)status->st_mtim.tv_sec);
	put_u32(out, (uint32_t)status->st_mtim.tv_nsec);
	put_u64(out, (uint64_t)status->st_ctim.tv_sec);
	put_u32(out, (uint32_t)status->st_ctim.tv_nsec);
}

static int stat_place(struct place *place, struct buffer *out)
{
	struct stat status;
	char target[PATH_MAX];
	ssize_t length = 0;
	int wrong = place_stat(place, &status);
	if (wrong)
		return wrong;
	if (S_ISLNK(status.st_mode)) {
		int link;
		wrong = place_open(place, O_PATH, &link);
		if (wrong)
			return wrong;
		length = readlinkat(link, "", target, sizeof target);
		wrong = length < 0 ? errno : 0;
		close(link);
		if (wrong)
			return wrong;
	}
	put_stat(out, &status);
	put_text(out, target, (size_t)length);
	return 0;
}

static int rename_at(int source, const char *old, int target, const char *new, uint8_t flags)
{
	unsigned how = flags & RENAME_WITHOUT_REPLACING ? RENAME_NOREPLACE : flags & RENAME_EXCHANGING ? RENAME_EXCHANGE : 0;
	if (syscall(SYS_renameat2, source, old, target, new, how) == 0)
		return 0;
	if (how == 0 || (errno != EINVAL && errno != ENOSYS))
		return errno;
	/* A file system without these flags (NFS, some FUSE): in steps, with a moment of absence that recovery knows. */
	struct stat status;
	if (how == RENAME_NOREPLACE) {
		if (fstatat(target, new, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return EEXIST;
		return renameat(source, old, target, new) ? errno : 0;
	}
	char aside[NAME_MAX + 8];
	snprintf(aside, sizeof aside, "aside-%s", old);
	if (renameat(target, new, source, aside) || renameat(source, old, target, new) || renameat(source, aside, source, old))
		return errno;
	return 0;
}

static int rename_place(struct place *from, struct place *to, uint8_t flags, const struct guard *guard)
{
	int source, target;
	char old[NAME_MAX + 1], new[NAME_MAX + 1];
	int wrong = place_parent(from, &source, old);
	if (wrong)
		return wrong;
	wrong = place_parent(to, &target, new);
	if (!wrong) {
		wrong = check_guard(guard, target, new);
		if (!wrong)
			wrong = rename_at(source, old, target, new, flags);
		close(target);
	}
	close(source);
	return wrong;
}

static int unlink_place(struct place *place, int flags, const struct guard *guard)
{
	int parent;
	char name[NAME_MAX + 1];
	int wrong = place_parent(place, &parent, name);
	if (wrong)
		return wrong;
	wrong = check_guard(guard, parent, name);
	if (!wrong && unlinkat(parent, name, flags))
		wrong = errno;
	close(parent);
	return wrong;
}

static int make_place(struct place *place, uint32_t mode, const char *target)
{
	int parent;
	char name[NAME_MAX + 1];
	int wrong = place_parent(place, &parent, name);
	if (wrong)
		return wrong;
	if (target ? symlinkat(target, parent, name) : mkdirat(parent, name, mode & 07777))
		wrong = errno;
	close(parent);
	return wrong;
}

static int link_place(struct place *from, struct place *to)
{
	int source, target;
	char old[NAME_MAX + 1], new[NAME_MAX + 1];
	int wrong = place_parent(from, &source, old);
	if (wrong)
		return wrong;
	wrong = place_parent(to, &target, new);
	if (!wrong) {
		if (linkat(source, old, target, new, 0))
			wrong = errno;
		close(target);
	}
	close(source);
	return wrong;
}

struct meta {
	uint8_t what;
	uint32_t mode, user, group;
	struct timespec times[2];
};

/* Owner before mode: chown clears setuid. Times last: both touch only ctime. */
static int set_meta_at(int parent, const char *name, const struct meta *meta)
{
	struct stat status;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return errno;
	bool differs = status.st_uid != meta->user || status.st_gid != meta->group;
	if (meta->what & META_OWNER && differs && fchownat(parent, name, meta->user, meta->group, AT_SYMLINK_NOFOLLOW)) {
		if (!(meta->what & META_OWNER_IF_ALLOWED))
			return errno;
		/* The group alone may be one of the caller's. */
		if (status.st_gid != meta->group && fchownat(parent, name, (uid_t)-1, meta->group, AT_SYMLINK_NOFOLLOW) && errno != EPERM && errno != EINVAL)
			return errno;
	}
	if (meta->what & META_MODE && !S_ISLNK(status.st_mode) && fchmodat(parent, name, meta->mode & 07777, AT_SYMLINK_NOFOLLOW))
		return errno;
	if (meta->what & META_MTIME && utimensat(parent, name, meta->times, AT_SYMLINK_NOFOLLOW))
		return errno;
	return 0;
}

static int set_meta(struct place *place, const struct meta *meta)
{
	int parent;
	char name[NAME_MAX + 1];
	if (place->length == 0) {
		/* "." of the tree is a directory, never a link. */
		return set_meta_at(place->root, ".", meta);
	}
	int wrong = place_parent(place, &parent, name);
	if (wrong)
		return wrong;
	wrong = set_meta_at(parent, name, meta);
	close(parent);
	return wrong;
}

static int read_marks(struct place *place, uint8_t namespace, struct buffer *out)
{
	int directory;
	char opaque = 0, redirect[PATH_MAX];
	int wrong = place_open(place, O_RDONLY | O_DIRECTORY, &directory);
	if (wrong)
		return wrong;
	if (fgetxattr(directory, namespace ? "user.overlay.opaque" : "trusted.overlay.opaque", &opaque, 1) != 1)
		opaque = 0;
	ssize_t length = fgetxattr(directory, namespace ? "user.overlay.redirect" : "trusted.overlay.redirect", redirect, sizeof redirect);
	if (length < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		wrong = errno;
	close(directory);
	if (wrong)
		return wrong;
	put_u8(out, opaque == 'y');
	put_text(out, redirect, length < 0 ? 0 : (size_t)length);
	return 0;
}

static int read_attributes(struct place *place, struct buffer *out)
{
	struct stat status;
	int descriptor;
	unsigned char *list = NULL;
	size_t length = 0;
	int wrong = place_open(place, O_PATH, &descriptor);
	if (wrong)
		return wrong;
	if (fstat(descriptor, &status))
		wrong = errno;
	else if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
		wrong = list_attributes(descriptor, &list, &length);
	close(descriptor);
	if (!wrong)
		put_text(out, list, length);
	free(list);
	return wrong;
}

static int is_plain(int descriptor)
{
	struct stat status;
	if (fstat(descriptor, &status))
		return errno;
	return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? 0 : EINVAL;
}

static int carry_attributes(struct place *from, struct place *to)
{
	int source, target;
	int wrong = place_open(from, O_PATH, &source);
	if (wrong)
		return wrong;
	wrong = place_open(to, O_PATH, &target);
	if (!wrong) {
		wrong = is_plain(source);
		if (!wrong)
			wrong = is_plain(target);
		if (!wrong)
			wrong = copy_attributes(source, target);
		close(target);
	}
	close(source);
	return wrong;
}

static int sync_place(struct place *place, bool whole)
{
	int descriptor;
	int wrong = place_open(place, O_RDONLY | O_NONBLOCK, &descriptor);
	if (wrong)
		return wrong;
	if (whole ? syncfs(descriptor) : fsync(descriptor))
		wrong = errno;
	close(descriptor);
	return wrong;
}

static int list_place(struct place *place, struct buffer *out)
{
	int descriptor;
	int wrong = place_open(place, O_RDONLY | O_DIRECTORY, &descriptor);
	if (wrong)
		return wrong;
	DIR *directory = fdopendir(descriptor);
	if (!directory) {
		wrong = errno;
		close(descriptor);
		return wrong;
	}
	size_t start = out->length;
	put_u32(out, 0);
	errno = 0;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			put(out, entry->d_name, strlen(entry->d_name) + 1);
		errno = 0;
	}
	wrong = errno;
	closedir(directory);
	uint32_t length = (uint32_t)(out->length - start - 4);
	memcpy(out->bytes + start, &length, 4);
	return wrong;
}

static int lock_root(struct root *root)
{
	if (root->lock >= 0)
		return 0;
	int descriptor = openat(root->tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return errno;
	if (flock(descriptor, LOCK_EX | LOCK_NB)) {
		int wrong = errno;
		close(descriptor);
		return wrong;
	}
	root->lock = descriptor;
	return 0;
}

static int perform(struct session *session, enum operation operation, struct reader *reader, struct buffer *out)
{
	struct place place, to;
	struct guard guard;
	struct root *root;
	switch (operation) {
	case OP_HELLO:
		return greet(session, reader, out);
	case OP_ROOT:
		return open_root(session, reader, out);
	case OP_CLOSE:
		root = take_root(session, reader);
		return reader->bad ? EBADF : close_root(root);
	case OP_LOCK:
		root = take_root(session, reader);
		return reader->bad ? EBADF : lock_root(root);
	case OP_STAT:
		place = take_place(session, reader);
		return reader->bad ? EBADMSG : stat_place(&place, out);
	case OP_MKDIR: {
		place = take_place(session, reader);
		uint32_t mode = take_u32(reader);
		return reader->bad ? EBADMSG : make_place(&place, mode, NULL);
	}
	case OP_SYMLINK: {
		place = take_place(session, reader);
		char *target = take_string(reader);
		int wrong = reader->bad || !target ? EBADMSG : make_place(&place, 0, target);
		free(target);
		return wrong;
	}
	case OP_LINK:
		place = take_place(session, reader);
		to = take_place(session, reader);
		return reader->bad ? EBADMSG : link_place(&place, &to);
	case OP_COPY: {
		place = take_place(session, reader);
		to = take_place(session, reader);
		uint8_t lend = take_u8(reader);
		uint64_t size = 0;
		int how = 0;
		if (reader->bad)
			return EBADMSG;
		int wrong = copy_file(&place, &to, lend, &size, &how);
		put_u64(out, size);
		put_u8(out, (uint8_t)how);
		return wrong;
	}
	case OP_RENAME: {
		place = take_place(session, reader);
		to = take_place(session, reader);
		uint8_t flags = take_u8(reader);
		guard = take_guard(reader);
		return reader->bad ? EBADMSG : rename_place(&place, &to, flags, &guard);
	}
	case OP_UNLINK:
		place = take_place(session, reader);
		guard = take_guard(reader);
		return reader->bad ? EBADMSG : unlink_place(&place, 0, &guard);
	case OP_RMDIR:
		place = take_place(session, reader);
		guard = (struct guard){ 0 };
		return reader->bad ? EBADMSG : unlink_place(&place, AT_REMOVEDIR, &guard);
	case OP_META: {
		place = take_place(session, reader);
		struct meta meta = { 0 };
		meta.what = take_u8(reader);
		meta.mode = take_u32(reader);
		meta.user = take_u32(reader);
		meta.group = take_u32(reader);
		meta.times[0].tv_nsec = UTIME_OMIT;
		meta.times[1].tv_sec = (int64_t)take_u64(reader);
		meta.times[1].tv_nsec = take_u32(reader);
		return reader->bad ? EBADMSG : set_meta(&place, &meta);
	}
	case OP_MARKS: {
		place = take_place(session, reader);
		uint8_t namespace = take_u8(reader);
		return reader->bad ? EBADMSG : read_marks(&place, namespace, out);
	}
	case OP_ATTRIBUTES:
		place = take_place(session, reader);
		return reader->bad ? EBADMSG : read_attributes(&place, out);
	case OP_COPY_ATTRIBUTES:
		place = take_place(session, reader);
		to = take_place(session, reader);
		return reader->bad ? EBADMSG : carry_attributes(&place, &to);
	case OP_FSYNC:
		place = take_place(session, reader);
		return reader->bad ? EBADMSG : sync_place(&place, false);
	case OP_SYNCFS:
		place = take_place(session, reader);
		return reader->bad ? EBADMSG : sync_place(&place, true);
	case OP_LIST:
		place = take_place(session, reader);
		return reader->bad ? EBADMSG : list_place(&place, out);
	}
	return ENOSYS;
}
