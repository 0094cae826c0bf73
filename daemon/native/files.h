/* The parts of `nexus-native files`. Every function returns 0 or an errno; none of them prints or exits. */
#ifndef NEXUS_FILES_H
#define NEXUS_FILES_H

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
/* Opens the directory that holds it and copies the last name into `name` (NAME_MAX + 1 bytes). */
int place_parent(const struct place *place, int *parent, char *name);
int place_stat(const struct place *place, struct stat *out);

enum { COPY_CLONED = 1, COPY_RANGED = 2, COPY_WRITTEN = 3 };
/* Copies content and extended attributes into a new file, mode 0600. `lend`: an own file that its mode makes
 * unreadable is made readable for the moment of opening. */
int copy_file(const struct place *from, const struct place *to, int lend, uint64_t *size, int *how);

/* Makes the extended attributes of `to` those of `from`, apart from the kernel's, overlayfs' and security ones. */
int copy_attributes(int from, int to);
/* Lists them: name, NUL, length (u32), value, again and again. The caller frees. */
int list_attributes(int descriptor, unsigned char **out, size_t *length);

#endif
