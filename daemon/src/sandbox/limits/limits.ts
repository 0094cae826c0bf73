/**
 * What ends an accident: a fork bomb, a leak, a full disk. A fence stands around the processes of one run; when a limit
 * is reached the run ends, and its end names the limit and the amount. With control groups the kernel holds memory and
 * processes exactly; without them a watchdog looks several times a second, which is best effort, and the walls say so.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Layer } from '../layer.ts'
import type { LaunchLimits } from '../launch.ts'
import { findCgroups, type Cgroups } from './cgroups.ts'
import { Fence } from './fence.ts'

const NO_LIMITS: LaunchLimits = { memoryBytes: null, processes: null, cpus: null, diskBytes: null, files: null }

export class Limits {
  readonly #cgroups: Cgroups | null
  #fences = 0

  /** `state`: the groups of another daemon are not ours to sweep. */
  constructor(state: string) {
    this.#cgroups = findCgroups(`nexus-${createHash('sha256').update(state).digest('hex').slice(0, 12)}`)
    this.#cgroups?.sweep()
  }

  /** Undefined where the kernel holds memory and processes; else why it does not. */
  get weakness(): { cause: string; fix: string } | undefined {
    if (this.#cgroups) return undefined
    const cause = 'no control group is ours to use: memory is watched, not held'
    return { cause, fix: process.geteuid?.() === 0 ? 'mount cgroup2 at /sys/fs/cgroup' : 'start the daemon under systemd --user, which delegates control groups' }
  }

  around(layer: Layer, limits: LaunchLimits = NO_LIMITS): Fence {
    const folder = (name: string) => join(layer.folder, name)
    return new Fence({ group: this.#cgroups?.open(`${layer.run}.${++this.#fences}`, limits) ?? null, limits, written: [folder('upper'), folder('home'), folder('tmp'), folder('vartmp')], isCopy: layer.backend === 'copy' })
  }
}
