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

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>

#define MAGIC 0x3146584eu /* "NXF1" */
#define REQUEST_MAX (1024 * 1024)
#define FLUSH_AT (64 * 1024)

enum operation {
	OP_HELLO = 1, OP_ROOT, OP_CLOSE, OP_STAT, OP_MKDIR, OP_SYMLINK, OP_LINK, OP_COPY, OP_RENAME, OP_UNLINK, OP_RMDIR,
	OP_META, OP_MARKS, OP_ATTRIBUTES, OP_COPY_ATTRIBUTES, OP_FSYNC, OP_SYNCFS, OP_LIST, OP_LOCK, OP_HASH,
	OP_MARK, OP_LOOK,
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

static int greet(struct session *session, struct reader *reader, struct buffer *out)
{
	uint32_t magic = take_u32(reader), protocol = take_u32(reader);
	if (reader->bad || magic != MAGIC || protocol != NEXUS_NATIVE_PROTOCOL)
		return EPROTO;
	session->greeted = true;
	put_u32(out, NEXUS_NATIVE_PROTOCOL);
	put_u8(out, can_hash());
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
		meta.mtime.tv_sec = (int64_t)take_u64(reader);
		meta.mtime.tv_nsec = take_u32(reader);
		return reader->bad ? EBADMSG : set_meta(&place, &meta);
	}
	case OP_MARKS: {
		place = take_place(session, reader);
		uint8_t namespace = take_u8(reader);
		return reader->bad ? EBADMSG : read_marks(&place, namespace, out);
	}
	case OP_MARK: {
		place = take_place(session, reader);
		uint8_t namespace = take_u8(reader), opaque = take_u8(reader);
		size_t length;
		const char *redirect = take_text(reader, &length);
		return reader->bad ? EBADMSG : put_marks(&place, namespace, opaque, redirect, length);
	}
	case OP_ATTRIBUTES:
		root = take_root(session, reader);
		return reader->bad ? EBADMSG : read_all_attributes(root->tree, reader, out);
	case OP_HASH:
	case OP_LOOK:
		root = take_root(session, reader);
		return reader->bad ? EBADMSG : look_all(root->tree, operation == OP_LOOK, reader, out);
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
