/** The fence around one run: the kernel's group where there is one, and a watchdog for what no kernel counts for us. */
import { writeFileSync } from 'node:fs'
import type { Breach } from '@nexus/protocol/runs'
import type { LaunchLimits } from '../launch.ts'
import type { Group } from './cgroups.ts'
import { watchDisk } from './disk.ts'
import { crowdBelow } from './processes.ts'
import { SharedMemory } from './shared-memory.ts'

export interface FenceParts {
  readonly group: Group | null
  readonly limits: LaunchLimits
  /** The folders that hold what it writes. */
  readonly written: readonly [string, ...string[]]
  /** The whole project was copied there before it began. */
  readonly isCopy: boolean
}

const LOOK_EVERY_MS = 200
/** When memory runs out the kernel rather ends a run than the person's own programs. */
const OOM_SCORE = 500

export class Fence {
  readonly #parts: FenceParts
  readonly #shared = new SharedMemory()
  readonly #broken = Promise.withResolvers<Breach>()
  #breach: Breach | null = null
  #timer: NodeJS.Timeout | undefined
  #launcher: number | undefined
  #isClosed = false

  constructor(parts: FenceParts) {
    this.#parts = parts
  }

  /** Is every process counted by the kernel, so that the launcher need not set limits of its own? */
  get isHeld(): boolean {
    return this.#parts.group !== null
  }

  /** The first limit that was reached; never settles while none is. */
  get broken(): Promise<Breach> {
    return this.#broken.promise
  }

  /** Before the launcher starts anything: whatever it starts is inside. */
  enclose(launcher: number): void {
    this.#launcher = launcher
    try {
      this.#parts.group?.join(launcher)
      writeFileSync(`/proc/${launcher}/oom_score_adj`, String(OOM_SCORE))
    } catch {
      // It has ended already, or the kernel lets nobody choose.
    }
    this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS)
    void this.#watchDisk()
  }

  /** The last look, when the run has ended: a kernel that ended it said so in the group, which goes now. */
  leave(): Breach | null {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#note(this.#parts.group?.breach() ?? null)
    void this.#parts.group?.close()
    return this.#breach
  }

  #look(): void {
    if (this.#isClosed) return
    this.#note(this.#parts.group ? this.#parts.group.breach() : this.#counted())
    if (!this.#breach) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS)
  }

  #counted(): Breach | null {
    const { memoryBytes: memory, processes: most } = this.#parts.limits
    if (this.#launcher === undefined || (memory === null && most === null)) return null
    const { pids, memoryBytes: own } = crowdBelow(this.#launcher)
    const amount = memory === null ? own : own + this.#shared.bytesOf(pids, memory - own)
    if (memory !== null && amount > memory) return { limit: 'memory', allowed: memory, amount }
    if (most !== null && pids.length >= most) return { limit: 'processes', allowed: most, amount: pids.length }
    return null
  }

  async #watchDisk(): Promise<void> {
    const { limits, written, isCopy } = this.#parts
    this.#note(await watchDisk({ limits, written, isCopy, isOver: () => this.#isClosed || this.#breach !== null }))
  }

  #note(breach: Breach | null): void {
    if (!breach || this.#breach) return
    this.#breach = breach
    this.#broken.resolve(breach)
  }
}
