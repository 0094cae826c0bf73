/* /proc and /dev as a command should find them: its own processes, the harmless devices, its own terminals. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch.h"

static void link_or_fail(int dev, const char *target, const char *name);
static void bind_device(int dev, const char *name);
static void protect_settings(int root);

void mount_proc(int root) {
  int place = inside_open(root, "/proc");
  if (place < 0) fail("proc", "/proc");
  inside_mount(place, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, "proc");
  close(place);
}

void mount_dev(int root) {
  int place = inside_open(root, "/dev");
  if (place < 0) fail("dev", "/dev");
  inside_mount(place, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k", "dev");
  close(place);
  int dev = inside_open(root, "/dev");
  static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) bind_device(dev, devices[i]);
  link_or_fail(dev, "/proc/self/fd", "fd");
  link_or_fail(dev, "/proc/self/fd/0", "stdin");
  link_or_fail(dev, "/proc/self/fd/1", "stdout");
  link_or_fail(dev, "/proc/self/fd/2", "stderr");
  link_or_fail(dev, "pts/ptmx", "ptmx");
  int terminals = inside_make(root, "/dev/pts"), shared = inside_make(root, "/dev/shm");
  if (terminals < 0 || shared < 0) fail("dev", NULL);
  inside_mount(terminals, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620", "terminals");
  inside_mount(shared, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", "shared-memory");
  close(terminals);
  close(shared);
  close(dev);
}

/* A device node cannot be made in a user namespace, so the host's own is shown. */
static void bind_device(int dev, const char *name) {
  char path[32];
  snprintf(path, sizeof path, "/dev/%s", name);
  int source = open(path, O_PATH | O_CLOEXEC);
  if (source < 0) return; /* not on this host either */
  if (mknodat(dev, name, S_IFREG | 0666, 0) != 0) fail("device", path);
  int target = openat(dev, name, O_PATH | O_CLOEXEC);
  if (target < 0) fail("device", path);
  /* Read-only: the device itself is written all the same, but its mode, owner and times are the host's. */
  inside_bind(source, target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "device");
  close(source);
  close(target);
}

static void link_or_fail(int dev, const char *target, const char *name) {
  if (symlinkat(target, dev, name) != 0) fail("dev", name);
}

/* As a container runtime does it. uid 0 may write kernel settings by ownership alone, whatever its capabilities; and what
 * tells everybody about the machine's memory, keys and interrupts helps attackers more than build tools. */
void protect_proc(int root, int empty_folder, int empty_file) {
  protect_settings(root);
  static const char *const hidden[] = {
    "/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/latency_stats", "/proc/acpi", "/proc/scsi",
    "/proc/asound", "/proc/interrupts", "/proc/iomem", "/proc/ioports", "/proc/kallsyms", "/proc/slabinfo", "/proc/vmallocinfo", "/proc/pagetypeinfo", "/proc/kpagecount",
    "/proc/kpageflags", "/proc/kpagecgroup", "/sys/firmware", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/bpf", "/sys/fs/pstore",
    "/sys/devices/virtual/powercap", "/sys/class/dmi/id/product_uuid", "/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/board_serial", "/sys/class/dmi/id/chassis_serial",
  };
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) hide(root, hidden[i], empty_folder, empty_file);
}

/* All that is no process's and can be written, whatever this kernel has: sys, sysrq-trigger, mtrr, dynamic_debug … */
static void protect_settings(int root) {
  int place = inside_open(root, "/proc"), listed = place < 0 ? -1 : openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = listed < 0 ? NULL : fdopendir(listed);
  if (!names) fail("proc-readonly", "/proc");
  for (struct dirent *found; (found = readdir(names));) {
    struct stat stat;
    if (found->d_name[0] == '.' || (found->d_name[0] >= '0' && found->d_name[0] <= '9') || fstatat(place, found->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(stat.st_mode) && !(S_ISREG(stat.st_mode) && (stat.st_mode & 0222))) continue;
    int one = openat(place, found->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (one < 0) fail("proc-readonly", found->d_name);
    inside_bind(one, one, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "proc-readonly");
    close(one);
  }
  closedir(names);
  close(place);
}
