/* The project inside: an overlay over its own path, or (copy back end) the copied tree in its place. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "launch.h"

static void mount_overlay(int target, const struct launch_request *request, int root, int empty_folder);
static bool try_overlay(int target, const char *layers, int work, const struct launch_request *request);
static char *layers_of(const struct launch_request *request, int lower, int upper, int work);
static int read_only_twin(int root, int target, int lower, int empty_folder, const char *project);
static void forget_volatile(int work);

void mount_project(int root, const struct launch_request *request, int empty_folder) {
  int target = inside_make(root, request->project);
  if (target < 0) fail("project", request->project);
  if (strcmp(request->backend, "overlay") == 0) mount_overlay(target, request, root, empty_folder);
  else inside_bind(host_open(request->upper, "copy"), target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "copy");
  close(target);
}

static void mount_overlay(int target, const struct launch_request *request, int root, int empty_folder) {
  int lower = host_open(request->project, "lower"), upper = host_open(request->upper, "upper"), work = host_open(request->work, "work");
  char *layers = layers_of(request, lower, upper, work);
  if (!try_overlay(target, layers, work, request) && errno == ELOOP) {
    /* The layers lie inside the project. The kernel refuses that, but not with one more overlay in between. */
    lower = read_only_twin(root, target, lower, empty_folder, request->project);
    target = lower;
    free(layers);
    layers = layers_of(request, lower, upper, work);
    if (!try_overlay(target, layers, work, request)) fail("overlay", NULL);
  } else if (errno) {
    fail("overlay", NULL);
  }
  free(layers);
}

/* Strongest first; EINVAL is all the kernel says about an option it does not take. Leaves errno 0 when it worked. */
static bool try_overlay(int target, const char *layers, int work, const struct launch_request *request) {
  /* volatile: the end of a run must not wait for the whole disk to be synced; apply syncs what it takes from here.
   * redirect_dir: rename of a folder works. The others may be switched on machine-wide and would break the change set. */
  static const char *const trusted[] = {",redirect_dir=on,metacopy=off,index=off,volatile", ",redirect_dir=on,volatile", ",volatile", "", NULL};
  static const char *const user[] = {",userxattr,volatile", ",userxattr", NULL};
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", target);
  size_t room = strlen(layers) + 64;
  char *options = malloc(room);
  if (!options) fail("memory", NULL);
  bool mounted = false;
  for (const char *const *extra = strcmp(request->xattrs, "trusted") == 0 ? trusted : user; *extra && !mounted; extra++) {
    /* Each time: an attempt that fails leaves the mark, too. */
    forget_volatile(work);
    snprintf(options, room, "%s%s", layers, *extra);
    mounted = mount("overlay", path, "overlay", MS_NOSUID | MS_NODEV, options) == 0;
    if (!mounted && errno != EINVAL) break;
  }
  int cause = errno;
  free(options);
  errno = mounted ? 0 : cause;
  return mounted;
}

/* Descriptors instead of names: commas and colons in a path are harmless, and fifty layers fit into one page. */
static char *layers_of(const struct launch_request *request, int lower, int upper, int work) {
  size_t room = 128 + 32 * (request->parents.count + 1);
  char *text = malloc(room);
  if (!text) fail("memory", NULL);
  size_t used = (size_t)snprintf(text, room, "upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,lowerdir=", upper, work);
  for (size_t i = 0; i < request->parents.count; i++) {
    used += (size_t)snprintf(text + used, room - used, "/proc/self/fd/%d:", host_open(request->parents.items[i], "parent"));
  }
  snprintf(text + used, room - used, "/proc/self/fd/%d", lower);
  return text;
}

/* Two lowers, because an overlay without an upper needs two. */
static int read_only_twin(int root, int target, int lower, int empty_folder, const char *project) {
  char options[96];
  snprintf(options, sizeof options, "lowerdir=/proc/self/fd/%d:/proc/self/fd/%d", empty_folder, lower);
  inside_mount(target, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, options, "overlay-twin");
  int twin = inside_open(root, project);
  if (twin < 0) fail("overlay-twin", NULL);
  return twin;
}

/* A volatile overlay leaves a mark that forbids the next mount, in case the machine crashed in between. What a layer
 * holds is checked against its digest before it is applied, so a second command may enter the layer. */
static void forget_volatile(int work) {
  static const char *const marks[] = {"work/incompat/volatile/dirty", "work/incompat/volatile", "work/incompat"};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if (unlinkat(work, marks[i], i == 0 ? 0 : AT_REMOVEDIR) != 0 && errno == ENOTDIR) return;
  }
}
