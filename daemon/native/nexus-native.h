/* nexus-native: what Node cannot do itself. One binary, two jobs:
 *   nexus-native launch    one command in one sandbox          (launch*.c)
 *   nexus-native files     descriptor-anchored file operations (files*.c)
 *   nexus-native version   prints NEXUS_NATIVE_PROTOCOL
 * Compiled with warnings as errors; no dependency but libc and the kernel headers. */
#ifndef NEXUS_NATIVE_H
#define NEXUS_NATIVE_H

/* Raised whenever a request or answer of either job changes; the daemon refuses another number. */
#define NEXUS_NATIVE_PROTOCOL 7

int launch_main(void);
int files_main(void);

#endif
