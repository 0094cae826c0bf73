/** From a step that failed to a cause in words and the exact thing to do about it. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

export interface Diagnosis {
  readonly cause: string
  readonly fix: string
}

export interface Failure {
  readonly step: string
  readonly errno: number | undefined
  readonly text: string
}

/** A kernel setting as a number; undefined where the kernel has no such setting. */
export type ReadSetting = (name: string) => number | undefined

export const readKernelSetting: ReadSetting = (name) => {
  try {
    return Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim())
  } catch {
    return undefined // this kernel, or this distribution's patch of it, does not know it
  }
}

const { EBUSY, ENOSYS, EOPNOTSUPP, EPERM, EACCES, EINVAL, ENOSPC, EUSERS } = constants.errno as Record<string, number>
/** Steps of the launchers where a user namespace is made. */
const NAMESPACE_STEPS = ['user-namespace', 'command-namespace', 'unshare']
/** AppArmor lets it be made, and refuses what comes next. */
const EARLY_STEPS = ['identity', 'private-mounts']

export function diagnose(failure: Failure, setting: ReadSetting): Diagnosis {
  const what = `${failure.step}: ${failure.text}`
  const isRefused = failure.errno === EPERM || failure.errno === EACCES
  const wall = wallDiagnosis(what, failure)
  if (wall) return wall
  if (failure.errno === ENOSYS) return { cause: `${what} (this kernel is too old, or a container filter hides the call)`, fix: 'use Linux 5.12 or newer; in a container, relax its seccomp profile' }
  if (NAMESPACE_STEPS.includes(failure.step) || (isRefused && EARLY_STEPS.includes(failure.step))) return userNamespaceDiagnosis(what, failure, setting)
  if (failure.step === 'proc' && isRefused) {
    return { cause: `${what} (the container covers parts of /proc, so the kernel allows no fresh one)`, fix: 'start the container with --security-opt systempaths=unconfined, or run Nexus on its host' }
  }
  if (failure.step === 'overlay' && failure.errno === EINVAL) {
    return { cause: `${what} (overlayfs does not take this file system; the state folder must not lie on an overlay, NFS or FUSE)`, fix: 'set NEXUS_HOME to a folder on ext4, xfs, btrfs or tmpfs' }
  }
  if (isRefused || failure.step === 'mounts') return { cause: `${what} (a container or security module forbids it)`, fix: 'run Nexus outside the container, or start the container with --privileged' }
  return { cause: what, fix: 'please report it, with the output of nexus doctor' }
}

/** Walls that a kernel may have or not; a run does without those that only stand behind others. */
function wallDiagnosis(what: string, { step, errno }: Failure): Diagnosis | undefined {
  if (step === 'seccomp') return { cause: `${what} (this kernel, or the container around Nexus, has no filter of system calls)`, fix: 'use a kernel with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64; in a container, relax its seccomp profile' }
  if (step === 'abstract-sockets') return { cause: `${what} (with --net on, abstract sockets of the host can be reached)`, fix: 'use Linux 6.12 or newer' }
  if (step === 'folder-renames') {
    return errno === EBUSY
      ? { cause: `${what} (Nexus runs inside something that watches system calls already, such as another Nexus; rename of a folder that was there before fails with EXDEV)`, fix: 'run Nexus outside of it' }
      : { cause: `${what} (this kernel does not let a program answer for system calls; rename of a folder that was there before fails with EXDEV)`, fix: 'use Linux 5.19 or newer; in a container, relax its seccomp profile' }
  }
  if (step !== 'landlock') return undefined
  if (errno === EOPNOTSUPP) return { cause: `${what} (Landlock is switched off, or older than Linux 5.19)`, fix: 'start the kernel with lsm=landlock,… in front of its list, or use Linux 5.19 or newer' }
  return { cause: `${what} (this kernel has no Landlock, or a container filter hides it)`, fix: 'use Linux 5.19 or newer with CONFIG_SECURITY_LANDLOCK; in a container, relax its seccomp profile' }
}

function userNamespaceDiagnosis(what: string, failure: Failure, setting: ReadSetting): Diagnosis {
  if (setting('kernel.apparmor_restrict_unprivileged_userns') === 1) {
    return { cause: `${what} (AppArmor restricts user namespaces of users)`, fix: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0' }
  }
  if (setting('kernel.unprivileged_userns_clone') === 0) {
    return { cause: `${what} (user namespaces are switched off for users)`, fix: 'sudo sysctl -w kernel.unprivileged_userns_clone=1' }
  }
  const most = setting('user.max_user_namespaces')
  if (most === 0 || failure.errno === ENOSPC || failure.errno === EUSERS) {
    return { cause: `${what} (the limit of user namespaces is ${most ?? 'reached'})`, fix: 'sudo sysctl -w user.max_user_namespaces=15000' }
  }
  return { cause: `${what} (a container or security module forbids user namespaces)`, fix: 'in Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined; or run Nexus on the host' }
}
