/** Finds the control groups of this machine that the daemon may use. Add a kind: one file, one entry here. */
import { readFileSync } from 'node:fs'
import type { Breach } from '@nexus/protocol/runs'
import type { LaunchLimits } from '../launch.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { cgroupV2 } from './cgroup-v2.ts'

export interface Cgroups {
  /** Throws nothing: a group that cannot be made is null, and the watchdog takes its place. */
  open(run: string, limits: LaunchLimits): Group | null
  /** Removes groups that a daemon which died has left. */
  sweep(): void
}

/** The group of one run. */
export interface Group {
  /** Every process that this one starts from now on belongs to the group, too. */
  join(pid: number): void
  /** A limit that the kernel has already enforced. */
  breach(): Breach | null
  /** Ends what is left in it, then removes it; harmless when it is gone. */
  close(): Promise<void>
}

export interface Hierarchies {
  /** Mounts of cgroup file systems: where, and for v1 which controllers. */
  readonly mounts: readonly { readonly at: string; readonly type: 'cgroup' | 'cgroup2'; readonly controllers: readonly string[] }[]
  /** The daemon's own place in each, as in /proc/self/cgroup: '' is the one of v2. */
  readonly own: ReadonlyMap<string, string>
  readonly owner: string
}

const KINDS: readonly ((found: Hierarchies) => Cgroups | null)[] = [cgroupV2, cgroupV1]

export function findCgroups(owner: string): Cgroups | null {
  const found = hierarchies(owner, read('/proc/self/mounts'), read('/proc/self/cgroup'))
  for (const kind of KINDS) {
    const cgroups = kind(found)
    if (cgroups) return cgroups
  }
  return null
}

export function hierarchies(owner: string, mounts: string, own: string): Hierarchies {
  return {
    owner,
    mounts: mounts.split('\n').flatMap((line) => {
      const [, at = '', type, options = ''] = line.split(' ')
      return type === 'cgroup' || type === 'cgroup2' ? [{ at: at.replaceAll('\\040', ' '), type, controllers: options.split(',') }] : []
    }),
    own: new Map(own.split('\n').flatMap((line): [string, string][] => {
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      return controllers === undefined || path === undefined ? [] : controllers.split(',').map((name): [string, string] => [name, path])
    })),
  }
}

function read(path: string): string {
  try { return readFileSync(path, 'utf8') } catch { return '' } // no /proc: then nothing is found
}
