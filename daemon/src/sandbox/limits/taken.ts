/** What some folders take of the disk: bytes and names. Stops counting once it is more than asked for. */
import { constants, type Dirent, type Stats } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'

export interface Taken {
  readonly bytes: number
  /** Files, folders, links: whatever has a name. */
  readonly names: number
}

const BLOCK_BYTES = 512
/** Names that are looked at together: the rest of the daemon gets its turns in between. */
const AT_ONCE = 64

/** A path longer than this goes on from a descriptor: the kernel takes 4,096 bytes, and whoever goes down step by step gets deeper. */
const PATH_LONG = 3000

/** Bytes on the disk; a sparse file counts what it holds. What cannot be read counts nothing. */
export async function takenBy(folders: readonly string[], enough: Taken): Promise<Taken> {
  const count = new Count(enough)
  for (const folder of folders) await count.below(folder)
  return { bytes: count.bytes, names: count.names }
}

class Count implements Taken {
  bytes = 0
  names = 0
  readonly #enough: Taken
  readonly #linked = new Set<string>()

  constructor(enough: Taken) {
    this.#enough = enough
  }

  get #isEnough(): boolean {
    return this.bytes > this.#enough.bytes || this.names > this.#enough.names
  }

  async below(folder: string): Promise<void> {
    try {
      if (folder.length > PATH_LONG) return await this.#belowDeep(folder)
      const folders: string[] = []
      let together: Dirent[] = []
      for await (const entry of await opendir(folder, { bufferSize: AT_ONCE })) {
        if (entry.isDirectory()) folders.push(join(folder, entry.name))
        together.push(entry)
        if (together.length < AT_ONCE) continue
        await this.#add(folder, together)
        if (this.#isEnough) return
        together = []
      }
      await this.#add(folder, together)
      for (const below of folders) if (!this.#isEnough) await this.below(below)
    } catch {
      // It went away meanwhile, or the run closed it to us: what lies below is looked for again next time.
    }
  }

  async #belowDeep(folder: string): Promise<void> {
    await using opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    await this.below(`/proc/self/fd/${opened.fd}`)
  }

  #isSeen(name: string): boolean {
    if (this.#linked.has(name)) return true
    this.#linked.add(name)
    return false
  }

  async #add(folder: string, entries: readonly Dirent[]): Promise<void> {
    this.names += entries.length
    for (const stat of await Promise.all(entries.map(async (entry) => await standing(join(folder, entry.name))))) {
      if (!stat) continue
      const name = `${stat.dev}:${stat.ino}`
      if (stat.nlink > 1 && !stat.isDirectory() && this.#isSeen(name)) continue
      this.bytes += stat.blocks * BLOCK_BYTES
    }
  }
}

async function standing(path: string): Promise<Stats | undefined> {
  try { return await lstat(path) } catch { return undefined } // it has just gone
}
