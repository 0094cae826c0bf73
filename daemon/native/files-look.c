/* Operations that only look: status, overlay marks, extended attributes, names. */
#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

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

int stat_place(struct place *place, struct buffer *out)
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

int read_marks(struct place *place, uint8_t namespace, struct buffer *out)
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

/* Of many paths below one root in one request; what cannot be read has none. */
int read_all_attributes(int root, struct reader *reader, struct buffer *out)
{
	uint32_t count = take_u32(reader);
	for (uint32_t i = 0; i < count && !reader->bad; i++) {
		struct place place = { root, "", 0 };
		place.path = take_text(reader, &place.length);
		if (!reader->bad && read_attributes(&place, out))
			put_u32(out, 0);
	}
	return reader->bad ? EBADMSG : 0;
}

int list_place(struct place *place, struct buffer *out)
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
