/* The trees that the daemon has opened, and places in them as requests name them. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

struct root *take_root(struct session *session, struct reader *reader)
{
	uint32_t handle = take_u32(reader);
	if (reader->bad || handle >= ROOTS_MAX || session->roots[handle].tree < 0) {
		reader->bad = true;
		return NULL;
	}
	return &session->roots[handle];
}

struct place take_place(struct session *session, struct reader *reader)
{
	struct place place = { -1, "", 0 };
	struct root *root = take_root(session, reader);
	place.path = take_text(reader, &place.length);
	place.root = root ? root->tree : -1;
	if (!place.path)
		place.path = "";
	return place;
}

struct guard take_guard(struct reader *reader)
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

int open_root(struct session *session, struct reader *reader, struct buffer *out)
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

int close_root(struct root *root)
{
	close(root->tree);
	if (root->lock >= 0)
		close(root->lock);
	*root = (struct root){ -1, -1 };
	return 0;
}

int lock_root(struct root *root)
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
