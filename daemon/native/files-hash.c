/* Looks at many paths below one root in one request, with several threads: what stands there and, of small files, the hash
 * of the content, where the processor has instructions for it. Elsewhere, and for large files, the daemon hashes by itself:
 * its library is as fast, and this helper stays free for others. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define HASHED_MAX (1024 * 1024)
/* Looked at before the next are read from the request. */
#define BLOCK_PATHS 256
#define THREADS_MAX 4
/* A thread takes that many at a time, mostly of one directory; with fewer than two shares another thread costs more than it brings. */
#ifndef SHARE
#define SHARE 32
#endif

/* Of an answer: the daemon has to look by itself, nothing there, its status, its status and content. */
enum state { LOOK_YOURSELF = 0, LOOK_NOTHING, LOOK_STATUS, LOOK_CONTENT };

struct look {
	const char *path;
	size_t length;
	enum state state;
	struct statx status;
	unsigned char digest[32];
	unsigned char *attributes;
	size_t attributes_length;
};

struct work {
	int root;
	bool with_status;
	struct look *looks;
	uint32_t count;
	atomic_uint next;
};

/* The directory that was used last: neighbours come one after another. */
struct parent {
	int directory; /* -1: none */
	const char *path;
	size_t length;
};

struct worker {
	struct work *work;
	unsigned char *content; /* HASHED_MAX + 1 bytes */
};

/* Reads and hashes an open plain file. EFBIG: not ours to hash. */
static int hash_open(int file, off_t size, unsigned char *content, struct look *look)
{
	size_t length = 0;
	if (size > HASHED_MAX)
		return EFBIG;
	while (length < HASHED_MAX + 1) {
		ssize_t got = read(file, content + length, HASHED_MAX + 1 - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		length += (size_t)got;
		/* A short read of a plain file is its end. */
		if (length < HASHED_MAX + 1 && (off_t)length >= size)
			break;
	}
	if (length > HASHED_MAX)
		return EFBIG;
	int wrong = may_have_attributes(file) ? list_attributes(file, &look->attributes, &look->attributes_length) : 0;
	if (!wrong)
		digest_of(content, length, look->digest);
	return wrong;
}

static bool is_same(const struct statx *seen, const struct stat *opened)
{
	return seen->stx_ino == opened->st_ino && makedev(seen->stx_dev_major, seen->stx_dev_minor) == opened->st_dev;
}

/* From 1678 to 2262: then nanoseconds fill a number of 64 bits. */
static bool fits(const struct statx_timestamp *time)
{
	const int64_t most = INT64_MAX / 1000000000 - 1;
	return time->tv_sec <= most && time->tv_sec >= -most;
}

static int open_parent(struct parent *parent, int root, const struct look *look, char *name)
{
	const char *slash = look->length ? memrchr(look->path, '/', look->length) : NULL;
	size_t above = slash ? (size_t)(slash - look->path) : 0;
	struct place place = { root, look->path, look->length };
	if (parent->directory >= 0 && parent->length == above && memcmp(parent->path, look->path, above) == 0)
		return place_name(&place, name);
	if (parent->directory >= 0)
		close(parent->directory);
	int wrong = place_parent(&place, &parent->directory, name);
	if (wrong)
		parent->directory = -1;
	parent->path = look->path;
	parent->length = above;
	return wrong;
}

static void look_at(const struct work *work, struct look *look, struct parent *parent, unsigned char *content)
{
	char name[NAME_MAX + 1];
	int wrong = open_parent(parent, work->root, look, name);
	if (!wrong && work->with_status && statx(parent->directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &look->status))
		wrong = errno;
	if (wrong) {
		look->state = wrong == ENOENT || wrong == ENOTDIR ? LOOK_NOTHING : LOOK_YOURSELF;
		return;
	}
	if (work->with_status && !(fits(&look->status.stx_mtime) && fits(&look->status.stx_ctime) && fits(&look->status.stx_btime))) {
		look->state = LOOK_YOURSELF;
		return;
	}
	look->state = work->with_status ? LOOK_STATUS : LOOK_YOURSELF;
	if (!can_hash() || (work->with_status && !S_ISREG(look->status.stx_mode)))
		return;
	int file = openat(parent->directory, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return;
	struct stat opened;
	bool is_it = !fstat(file, &opened) && S_ISREG(opened.st_mode) && (!work->with_status || is_same(&look->status, &opened));
	if (is_it && hash_open(file, opened.st_size, content, look) == 0)
		look->state = LOOK_CONTENT;
	close(file);
}

static void *look_on(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;
	struct parent parent = { -1, NULL, 0 };
	for (;;) {
		uint32_t from = atomic_fetch_add(&work->next, SHARE);
		if (from >= work->count)
			break;
		for (uint32_t i = from; i < work->count && i < from + SHARE; i++)
			look_at(work, &work->looks[i], &parent, worker->content);
	}
	if (parent.directory >= 0)
		close(parent.directory);
	return NULL;
}

static long processors(void)
{
	static long count;
	if (!count)
		count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? count : 1;
}

static void look_at_all(struct work *work)
{
	static unsigned char contents[THREADS_MAX][HASHED_MAX + 1];
	struct worker workers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	unsigned wanted = work->count / SHARE, others = 0;
	if (wanted > processors())
		wanted = (unsigned)processors();
	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		workers[i] = (struct worker){ work, contents[i] };
	/* Where no thread can be made this one does the work alone. */
	while (others + 1 < wanted && pthread_create(&threads[others], NULL, look_on, &workers[others + 1]) == 0)
		others++;
	look_on(&workers[0]);
	while (others)
		pthread_join(threads[--others], NULL);
}

static void put_time(struct buffer *out, const struct statx_timestamp *time)
{
	put_u64(out, (uint64_t)(time->tv_sec * 1000000000 + time->tv_nsec));
}

static void put_status(struct buffer *out, const struct statx *status)
{
	put_u32(out, status->stx_mode);
	put_u32(out, status->stx_uid);
	put_u32(out, status->stx_gid);
	put_u32(out, status->stx_nlink);
	put_u64(out, makedev(status->stx_dev_major, status->stx_dev_minor));
	put_u64(out, status->stx_ino);
	put_u64(out, status->stx_size);
	put_time(out, &status->stx_mtime);
	put_time(out, &status->stx_ctime);
	put_u64(out, makedev(status->stx_rdev_major, status->stx_rdev_minor));
	put_u64(out, status->stx_blocks);
	put_time(out, &status->stx_btime);
}

/* Without the status: 1, digest and attributes, or 0. With it: the state and what it says there is. */
int look_all(int root, bool with_status, struct reader *reader, struct buffer *out)
{
	static struct look looks[BLOCK_PATHS];
	uint32_t left = take_u32(reader);
	if (!with_status && !can_hash())
		return ENOSYS;
	while (left && !reader->bad) {
		struct work work = { .root = root, .with_status = with_status, .looks = looks };
		for (; work.count < BLOCK_PATHS && left; work.count++, left--) {
			struct look *look = &looks[work.count];
			look->attributes = NULL;
			look->attributes_length = 0;
			look->path = take_text(reader, &look->length);
			if (reader->bad)
				return EBADMSG;
		}
		look_at_all(&work);
		for (uint32_t i = 0; i < work.count; i++) {
			struct look *look = &looks[i];
			put_u8(out, with_status ? look->state : look->state == LOOK_CONTENT);
			if (with_status && look->state >= LOOK_STATUS)
				put_status(out, &look->status);
			if (look->state == LOOK_CONTENT) {
				put(out, look->digest, sizeof look->digest);
				put_text(out, look->attributes, look->attributes_length);
			}
			free(look->attributes);
		}
	}
	return reader->bad ? EBADMSG : 0;
}
