/* What is empty inside: the state of Nexus, and those files of the machine that say who may enter it. Without this a
 * command of root would read them, since uid 0 owns them and needs no capability for that. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch.h"

static void hide_matching(int root, const char *folder, const char *pattern, int empty_folder, int empty_file);

void hide_secrets(int root, int empty_folder, int empty_file) {
  static const char *const secrets[] = {
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/krb5.keytab", "/etc/ssl/private",
    "/etc/wireguard", "/etc/NetworkManager/system-connections", "/var/spool/cron",
  };
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) hide(root, secrets[i], empty_folder, empty_file);
  hide_matching(root, "/etc/ssh", "ssh_host_*_key", empty_folder, empty_file);
}

/* Absent is fine; a link hides what it leads to. */
void hide(int root, const char *path, int empty_folder, int empty_file) {
  int place = inside_open(root, path);
  struct stat found;
  if (place < 0) {
    /* Anything but a clear "nobody gets there" must not end in a secret that stays visible. */
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ELOOP) fail("hide", path);
    return;
  }
  if (fstat(place, &found) != 0) fail("hide", path);
  inside_bind(S_ISDIR(found.st_mode) ? empty_folder : empty_file, place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "hide");
  close(place);
}

static void hide_matching(int root, const char *folder, const char *pattern, int empty_folder, int empty_file) {
  DIR *listing = opendir(folder);
  if (!listing) return;
  for (struct dirent *entry; (entry = readdir(listing));) {
    char path[PATH_MAX];
    if (fnmatch(pattern, entry->d_name, 0) != 0) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path) hide(root, path, empty_folder, empty_file);
  }
  closedir(listing);
}
