/* Resolves (tree, relative path) to a descriptor. A parent that was swapped for a symbolic link is an error, never
 * followed: openat2 says so in one call; older kernels take the path component by component. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Paths may be deeper than PATH_MAX: they are taken in pieces that fit. */
#define PIECE_MAX 3500

static int check_path(const struct place *place);
static int open_pieces(int root, const char *path, size_t length, int flags, int *out);
static int open_piece(int root, const char *path, size_t length, int flags, int *out);

int place_open(const struct place *place, int flags, int *out)
{
	int wrong = check_path(place);
	if (wrong)
		return wrong;
	return open_pieces(place->root, place->path, place->length, flags, out);
}

int place_name(const struct place *place, char *name)
{
	int wrong = check_path(place);
	if (wrong)
		return wrong;
	if (place->length == 0)
		return EINVAL;
	const char *slash = memrchr(place->path, '/', place->length);
	size_t start = slash ? (size_t)(slash - place->path) + 1 : 0;
	memcpy(name, place->path + start, place->length - start);
	name[place->length - start] = '\0';
	return 0;
}

int place_parent(const struct place *place, int *parent, char *name)
{
	int wrong = place_name(place, name);
	if (wrong)
		return wrong;
	size_t last = strlen(name);
	size_t above = place->length > last ? place->length - last - 1 : 0;
	return open_pieces(place->root, place->path, above, O_PATH | O_DIRECTORY, parent);
}

int place_stat(const struct place *place, struct stat *out)
{
	if (place->length == 0)
		return fstat(place->root, out) ? errno : 0;
	int parent;
	char name[NAME_MAX + 1];
	int wrong = place_parent(place, &parent, name);
	if (wrong)
		return wrong;
	wrong = fstatat(parent, name, out, AT_SYMLINK_NOFOLLOW) ? errno : 0;
	close(parent);
	return wrong;
}

/* Relative, every component a plain name: no "", ".", ".." and no NUL. */
static int check_path(const struct place *place)
{
	size_t start = 0;
	if (place->length == 0)
		return 0;
	for (size_t at = 0; at <= place->length; at++) {
		if (at < place->length && place->path[at] == '\0')
			return EINVAL;
		if (at < place->length && place->path[at] != '/')
			continue;
		size_t length = at - start;
		const char *name = place->path + start;
		if (length == 0 || (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
			return EINVAL;
		if (length > NAME_MAX)
			return ENAMETOOLONG;
		start = at + 1;
	}
	return 0;
}

static int open_pieces(int root, const char *path, size_t length, int flags, int *out)
{
	int at = root, next, wrong;
	while (length > PIECE_MAX) {
		const char *slash = memrchr(path, '/', PIECE_MAX);
		if (!slash) {
			wrong = ENAMETOOLONG;
			goto failed;
		}
		wrong = open_piece(at, path, (size_t)(slash - path), O_PATH | O_DIRECTORY, &next);
		if (wrong)
			goto failed;
		if (at != root)
			close(at);
		at = next;
		length -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	wrong = open_piece(at, path, length, flags, out);
failed:
	if (at != root)
		close(at);
	return wrong;
}

#ifndef NEXUS_WITHOUT_OPENAT2
static int open_beneath(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}
#else
static int open_beneath(int root, const char *path, int flags)
{
	(void)root, (void)path, (void)flags;
	errno = ENOSYS;
	return -1;
}
#endif

static int open_by_component(int root, char *path, int flags, int *out)
{
	int at = root;
	for (char *name = path;;) {
		char *slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		int next = openat(at, name, (slash ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
		int wrong = next < 0 ? errno : 0;
		if (at != root)
			close(at);
		if (wrong)
			return wrong;
		if (!slash) {
			*out = next;
			return 0;
		}
		at = next;
		name = slash + 1;
	}
}

static int open_piece(int root, const char *path, size_t length, int flags, int *out)
{
	char text[PIECE_MAX + 1];
	memcpy(text, path, length);
	text[length] = '\0';
	if (length == 0)
		strcpy(text, ".");
	int fd = open_beneath(root, text, flags);
	if (fd >= 0) {
		*out = fd;
		return 0;
	}
	/* EPERM: container filters of old refuse system calls they do not know. */
	if (errno != ENOSYS && errno != EPERM)
		return errno;
	return open_by_component(root, text, flags, out);
}
