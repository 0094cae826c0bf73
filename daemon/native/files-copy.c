/* Copies one file: a clone where the file system can, else only the data between the holes. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define ATTRIBUTES_MAX (1024 * 1024)

static int open_source(const struct place *place, int lend, int *out, struct stat *status);
static int copy_content(int from, int to, off_t size, int *how);

int copy_file(const struct place *from, const struct place *to, int lend, uint64_t *size, int *how)
{
	int source, target, parent;
	struct stat status;
	char name[NAME_MAX + 1];
	int wrong = open_source(from, lend, &source, &status);
	if (wrong)
		return wrong;
	wrong = place_parent(to, &parent, name);
	if (wrong) {
		close(source);
		return wrong;
	}
	target = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0) {
		wrong = errno;
	} else {
		wrong = copy_content(source, target, status.st_size, how);
		if (!wrong)
			wrong = copy_attributes(source, target);
		if (close(target) && !wrong)
			wrong = errno;
		if (wrong)
			unlinkat(parent, name, 0);
	}
	*size = (uint64_t)status.st_size;
	close(parent);
	close(source);
	return wrong;
}

static int open_source(const struct place *place, int lend, int *out, struct stat *status)
{
	int wrong = place_open(place, O_RDONLY | O_NONBLOCK, out);
	if (wrong == EACCES && lend) {
		int parent;
		char name[NAME_MAX + 1];
		wrong = place_parent(place, &parent, name);
		if (wrong)
			return wrong;
		if (fstatat(parent, name, status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status->st_mode))
			wrong = EACCES;
		else if (fchmodat(parent, name, (status->st_mode & 07777) | 0400, 0))
			wrong = errno;
		else {
			wrong = place_open(place, O_RDONLY | O_NONBLOCK, out);
			if (fchmodat(parent, name, status->st_mode & 07777, 0) && !wrong)
				wrong = errno;
		}
		close(parent);
	}
	if (wrong)
		return wrong;
	if (fstat(*out, status))
		wrong = errno;
	else if (!S_ISREG(status->st_mode))
		wrong = EINVAL;
	if (wrong)
		close(*out);
	return wrong;
}

static int write_span(int from, int to, off_t start, off_t end)
{
	char *chunk = malloc(CHUNK);
	if (!chunk)
		return ENOMEM;
	int wrong = 0;
	while (start < end && !wrong) {
		size_t want = end - start < CHUNK ? (size_t)(end - start) : CHUNK;
		ssize_t got = pread(from, chunk, want, start);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			wrong = errno;
		if (got <= 0)
			break;
		for (ssize_t done = 0; done < got && !wrong;) {
			ssize_t put = pwrite(to, chunk + done, (size_t)(got - done), start + done);
			if (put < 0 && errno != EINTR)
				wrong = errno;
			if (put > 0)
				done += put;
		}
		start += got;
	}
	free(chunk);
	return wrong;
}

static int copy_span(int from, int to, off_t start, off_t end, int *how)
{
	while (start < end && *how != COPY_WRITTEN) {
		loff_t in = start, out = start;
		ssize_t got = copy_file_range(from, &in, to, &out, (size_t)(end - start), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)) {
			*how = COPY_WRITTEN;
			break;
		}
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		start += got;
	}
	return start < end ? write_span(from, to, start, end) : 0;
}

static int copy_content(int from, int to, off_t size, int *how)
{
	if (ioctl(to, FICLONE, from) == 0) {
		*how = COPY_CLONED;
		return 0;
	}
	*how = COPY_RANGED;
	if (ftruncate(to, size))
		return errno;
	for (off_t at = 0; at < size;) {
		off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0; /* a hole up to the end */
		/* A file system that knows no holes answers EINVAL: all of it is data. */
		off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
		if (data < 0)
			data = at;
		if (hole < 0 || hole > size)
			hole = size;
		int wrong = copy_span(from, to, data, hole, how);
		if (wrong)
			return wrong;
		at = hole;
	}
	return 0;
}

/* Not ours to carry over: the kernel's and security marks, and whatever an overlay keeps for itself. */
static bool is_carried(const char *name)
{
	return strncmp(name, "security.", 9) != 0 && strncmp(name, "trusted.", 8) != 0 && strncmp(name, "user.overlay.", 13) != 0;
}

/* The rights of a program (setcap) stay behind, but whoever looks at a change must see that they do. */
static bool is_told(const char *name)
{
	return strcmp(name, "security.capability") == 0;
}

/* Works on O_PATH descriptors of files and directories, too. */
static void path_of(int descriptor, char *out)
{
	snprintf(out, 32, "/proc/self/fd/%d", descriptor);
}

/* Names as listxattr gives them; an answer of "no attributes here" is an empty list. */
static int names_of(const char *path, char **names, ssize_t *length)
{
	*names = NULL;
	*length = listxattr(path, NULL, 0);
	if (*length < 0)
		return errno == EOPNOTSUPP || errno == ENOSYS || errno == EACCES ? (*length = 0) : errno;
	if (*length == 0)
		return 0;
	*names = malloc((size_t)*length);
	if (!*names)
		return ENOMEM;
	*length = listxattr(path, *names, (size_t)*length);
	if (*length < 0) {
		free(*names);
		*names = NULL;
		return errno;
	}
	return 0;
}

int copy_attributes(int from, int to)
{
	char source[32], target[32], *names;
	ssize_t length;
	path_of(from, source);
	path_of(to, target);
	int wrong = names_of(target, &names, &length);
	if (wrong)
		return wrong;
	for (char *name = names; name < names + length; name += strlen(name) + 1)
		if (is_carried(name) && getxattr(source, name, NULL, 0) < 0)
			removexattr(target, name);
	free(names);

	wrong = names_of(source, &names, &length);
	if (wrong)
		return wrong;
	char *value = length ? malloc(ATTRIBUTES_MAX) : NULL;
	if (length && !value)
		wrong = ENOMEM;
	for (char *name = names; !wrong && name < names + length; name += strlen(name) + 1) {
		if (!is_carried(name))
			continue;
		ssize_t size = getxattr(source, name, value, ATTRIBUTES_MAX);
		/* Where the target's file system knows no attributes they stay behind, as with cp -a. */
		if (size >= 0 && setxattr(target, name, value, (size_t)size, 0) && errno != EOPNOTSUPP && errno != EPERM)
			wrong = errno;
	}
	free(value);
	free(names);
	return wrong;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every file that a run edited has one of overlayfs' own. */
bool may_have_attributes(int file)
{
	char names[1024];
	ssize_t size = flistxattr(file, names, sizeof names);
	if (size < 0)
		return errno == ERANGE;
	for (const char *name = names; name < names + size; name += strlen(name) + 1)
		if (is_carried(name) || is_told(name))
			return true;
	return false;
}

int list_attributes(int descriptor, unsigned char **out, size_t *length)
{
	char path[32], *names;
	ssize_t size;
	path_of(descriptor, path);
	*out = NULL;
	*length = 0;
	int wrong = names_of(path, &names, &size);
	if (wrong || size == 0) {
		free(names);
		return wrong;
	}
	size_t count = 0;
	const char **sorted = malloc(sizeof *sorted * (size_t)size);
	unsigned char *list = malloc(ATTRIBUTES_MAX);
	if (!sorted || !list) {
		wrong = ENOMEM;
		goto done;
	}
	for (char *name = names; name < names + size; name += strlen(name) + 1)
		if (is_carried(name) || is_told(name))
			sorted[count++] = name;
	qsort(sorted, count, sizeof *sorted, compare_names);
	for (size_t i = 0; i < count; i++) {
		size_t room = strlen(sorted[i]) + 1;
		if (*length + room + 4 >= ATTRIBUTES_MAX)
			break;
		ssize_t got = getxattr(path, sorted[i], list + *length + room + 4, ATTRIBUTES_MAX - *length - room - 4);
		if (got < 0)
			continue;
		memcpy(list + *length, sorted[i], room);
		uint32_t bytes = (uint32_t)got;
		memcpy(list + *length + room, &bytes, 4);
		*length += room + 4 + (size_t)got;
	}
done:
	free(sorted);
	free(names);
	if (wrong || *length == 0) {
		free(list);
		return wrong;
	}
	*out = list;
	return 0;
}
