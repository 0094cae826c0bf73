/** Looks for files of other users or groups: a user namespace with one identity cannot change those (EOVERFLOW). */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A run waits no longer than this. */
const FIRST = { lookedAt: 20_000, ms: 200 } as const
/** In the background; a project of more files than this is believed. */
const REST = { lookedAt: 2_000_000, ms: 600_000, pauseEvery: 2_000 } as const
/** Answers of the file system that are awaited at once. */
const AT_ONCE = 64

export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** Breadth first. `leftOut`: folders on which something else is mounted; they are no part of the overlay. */
export class OwnerSearch {
  readonly #own: Identity
  readonly #leftOut: ReadonlySet<string>
  readonly #open: string[]
  #looked = 0

  constructor(project: string, own: Identity, leftOut: readonly string[] = []) {
    this.#own = own
    this.#leftOut = new Set(leftOut)
    this.#open = [project]
  }

  /** Nothing is left to look at. */
  get isDone(): boolean {
    return this.#open.length === 0
  }

  /** The first one found in the time a run waits for it. Undefined: one may still lie deeper down. */
  async first(): Promise<string | undefined> {
    return this.#look(FIRST)
  }

  /** What `first` did not come to, at leisure. */
  async rest(): Promise<string | undefined> {
    return this.#look(REST)
  }

  async #look(limits: { readonly lookedAt: number; readonly ms: number; readonly pauseEvery?: number }): Promise<string | undefined> {
    const givenUpAt = performance.now() + limits.ms
    let pausedAt = this.#looked
    while (this.#looked < limits.lookedAt && performance.now() < givenUpAt) {
      const folder = this.#open.shift()
      if (folder === undefined) return undefined
      const found = await this.#lookInto(folder)
      if (found !== undefined) return found
      if (limits.pauseEvery === undefined || this.#looked - pausedAt < limits.pauseEvery) continue
      pausedAt = this.#looked
      await sleep(20, undefined, { ref: false })
    }
    return undefined
  }

  async #lookInto(folder: string): Promise<string | undefined> {
    const entries = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter((entry) => !this.#leftOut.has(join(folder, entry.name))) // unreadable here, unreadable inside
    for (const entry of entries) if (entry.isDirectory()) this.#open.push(join(folder, entry.name))
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const paths = entries.slice(at, at + AT_ONCE).map((entry) => join(folder, entry.name))
      this.#looked += paths.length
      const stats = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined))) // gone meanwhile
      const foreign = stats.findIndex((stat) => stat && !this.#isOwn(stat))
      if (foreign >= 0) return paths[foreign]
    }
    return undefined
  }

  #isOwn({ uid, gid }: Identity): boolean {
    return uid === this.#own.uid && gid === this.#own.gid
  }
}

export function isForeign(path: string, own: Identity): Promise<boolean> {
  return lstat(path).then(({ uid, gid }) => uid !== own.uid || gid !== own.gid, () => false) // gone: nobody's
}
