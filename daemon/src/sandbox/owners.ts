/** Looks for files of other users or groups: a user namespace with one identity cannot change those (EOVERFLOW). */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const LOOKED_AT_MAX = 20_000
const TIME_MAX_MS = 200
/** Answers of the file system that are awaited at once. */
const AT_ONCE = 64

export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** The first one found, breadth first and bounded, or undefined: then it may still meet one deeper down. */
export async function foreignOwner(project: string, own: Identity): Promise<string | undefined> {
  const givenUpAt = performance.now() + TIME_MAX_MS
  const open = [project]
  let looked = 0
  for (let folder = open.shift(); folder !== undefined && looked < LOOKED_AT_MAX && performance.now() < givenUpAt; folder = open.shift()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []) // unreadable here, unreadable inside
    for (const entry of entries) if (entry.isDirectory()) open.push(join(folder, entry.name))
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const paths = entries.slice(at, at + AT_ONCE).map((entry) => join(folder, entry.name))
      looked += paths.length
      const stats = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined))) // gone meanwhile
      const foreign = stats.findIndex((stat) => stat && (stat.uid !== own.uid || stat.gid !== own.gid))
      if (foreign >= 0) return paths[foreign]
    }
  }
  return undefined
}
