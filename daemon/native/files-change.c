/* Operations that change one place, each guarded by what that place must still be. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

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

int rename_place(struct place *from, struct place *to, uint8_t flags, const struct guard *guard)
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

int unlink_place(struct place *place, int flags, const struct guard *guard)
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

int make_place(struct place *place, uint32_t mode, const char *target)
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

int link_place(struct place *from, struct place *to)
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
	/* Both times: programs behind FUSE often pass over a request that leaves one out. */
	struct timespec times[2] = { status.st_atim, meta->mtime };
	if (meta->what & META_MTIME && utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW))
		return errno;
	return 0;
}

int set_meta(struct place *place, const struct meta *meta)
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

static int is_plain(int descriptor)
{
	struct stat status;
	if (fstat(descriptor, &status))
		return errno;
	return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? 0 : EINVAL;
}

int carry_attributes(struct place *from, struct place *to)
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

int put_marks(struct place *place, uint8_t namespace, uint8_t opaque, const char *redirect, size_t length)
{
	int directory;
	int wrong = place_open(place, O_RDONLY | O_DIRECTORY, &directory);
	if (wrong)
		return wrong;
	if (opaque && fsetxattr(directory, namespace ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0))
		wrong = errno;
	if (!wrong && length > 0 && fsetxattr(directory, namespace ? "user.overlay.redirect" : "trusted.overlay.redirect", redirect, length, 0))
		wrong = errno;
	close(directory);
	return wrong;
}

int sync_place(struct place *place, bool whole)
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
