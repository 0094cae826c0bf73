import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { diagnose } from './diagnosis.ts'

const { EBUSY, EPERM, EACCES, EINVAL, ENOSYS, ENOSPC, EOPNOTSUPP } = constants.errno as Record<string, number>

test.each([
  ['user-namespace', EPERM, { 'kernel.apparmor_restrict_unprivileged_userns': 1 }, 'AppArmor', 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
  // Ubuntu lets the namespace be made, and refuses what comes next.
  ['identity', EACCES, { 'kernel.apparmor_restrict_unprivileged_userns': 1 }, 'AppArmor', 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
  ['private-mounts', EACCES, { 'kernel.apparmor_restrict_unprivileged_userns': 1 }, 'AppArmor', 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
  ['user-namespace', EPERM, { 'kernel.unprivileged_userns_clone': 0 }, 'switched off', 'sudo sysctl -w kernel.unprivileged_userns_clone=1'],
  ['user-namespace', ENOSPC, { 'user.max_user_namespaces': 0 }, 'limit of user namespaces is 0', 'sudo sysctl -w user.max_user_namespaces=15000'],
  ['user-namespace', EPERM, {}, 'container', 'in Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined; or run Nexus on the host'],
  ['command-namespace', ENOSPC, { 'user.max_user_namespaces': 7 }, 'limit of user namespaces is 7', 'sudo sysctl -w user.max_user_namespaces=15000'],
  ['proc', EPERM, {}, 'covers parts of /proc', 'start the container with --security-opt systempaths=unconfined, or run Nexus on its host'],
  ['overlay', EINVAL, {}, 'does not take this file system', 'set NEXUS_HOME to a folder on ext4, xfs, btrfs or tmpfs'],
  ['root', ENOSYS, {}, 'too old', 'use Linux 5.12 or newer; in a container, relax its seccomp profile'],
  ['namespaces', EPERM, {}, 'forbids', 'run Nexus outside the container, or start the container with --privileged'],
  ['seccomp', EINVAL, {}, 'no filter of system calls', 'use a kernel with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64; in a container, relax its seccomp profile'],
  ['landlock', EOPNOTSUPP, {}, 'switched off, or older', 'start the kernel with lsm=landlock,… in front of its list, or use Linux 5.19 or newer'],
  ['landlock', ENOSYS, {}, 'has no Landlock', 'use Linux 5.19 or newer with CONFIG_SECURITY_LANDLOCK; in a container, relax its seccomp profile'],
  ['abstract-sockets', EOPNOTSUPP, {}, 'abstract sockets of the host', 'use Linux 6.12 or newer'],
  ['folder-renames', EINVAL, {}, 'does not let a program answer', 'use Linux 5.19 or newer; in a container, relax its seccomp profile'],
  ['folder-renames', EBUSY, {}, 'another Nexus', 'run Nexus outside of it'],
] as const)('%s, errno %i', (step, errno, settings: Readonly<Record<string, number>>, cause, fix) => {
  expect(diagnose({ step, errno, text: 'text of the system' }, (name) => settings[name])).toEqual({ cause: expect.stringMatching(new RegExp(`^${step}: text of the system .*${cause}`)), fix })
})
