/* Which job: the daemon names it as the only argument. */
#include <stdio.h>
#include <string.h>
#include "nexus-native.h"

int main(int argc, char **argv) {
  const char *job = argc == 2 ? argv[1] : "";
  if (strcmp(job, "launch") == 0) return launch_main();
  if (strcmp(job, "files") == 0) return files_main();
  if (strcmp(job, "version") == 0) return printf("%d\n", NEXUS_NATIVE_PROTOCOL) < 0;
  fputs("usage: nexus-native launch|files|version (started by the daemon)\n", stderr);
  return 2;
}

/* Stands in only where the file operations were left out of the build. */
__attribute__((weak)) int files_main(void) {
  fputs("nexus-native: built without file operations\n", stderr);
  return 2;
}
