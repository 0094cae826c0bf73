/* Capabilities by system call: libcap is no dependency worth having for this. */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

#define CAPABILITY_BITS 64

bool caps_has_sys_admin(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {0};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

int caps_keep(unsigned long long kept) {
  for (int bit = 0; bit < CAPABILITY_BITS; bit++) {
    int present = prctl(PR_CAPBSET_READ, bit, 0, 0, 0);
    if (present < 0) break; /* past the last one this kernel knows */
    if (present == 1 && !(kept >> bit & 1) && prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) != 0) return -1;
  }
  /* Kernels before 4.3 have no ambient set to clear. */
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {
    {.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
    {.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
  };
  return (int)syscall(SYS_capset, &header, data);
}

/* What root needs to look like root to npm, apt, tar and make, and holds only over the layer's own files. */
unsigned long long caps_of_contained_root(void) {
  static const int kept[] = {
    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
  };
  unsigned long long bits = 0;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) bits |= 1ULL << kept[i];
  return bits;
}
