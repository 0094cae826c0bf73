/** What a run left in its private home and its /tmp: told, never applied. Biggest first, and no more than a person reads. */
import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { toBytes } from '@nexus/protocol/bytes'
import type { Outside } from '@nexus/protocol/changes'
import { isFurniture } from './home.ts'
import { toolCaches } from './tool-caches.ts'

const LOOKED_AT_MAX = 50_000
const TOLD_MAX = 500

/** A private folder of the layer, and where the command saw it. */
export interface PrivatePlace {
  readonly folder: string
  readonly insidePath: string
  /** What it began as: the same folder of the run below. What still is as there was left by that one. */
  readonly inherited?: string | undefined
}

/** Files and links, but for those in caches of tools; empty folders are often only mount points of ours. */
export async function leftOutside(places: readonly PrivatePlace[], userHome: string): Promise<Outside[]> {
  const found: Outside[] = []
  const open = places.map(({ folder, insidePath, inherited }) => ({ at: Buffer.from(folder), inside: Buffer.from(insidePath), inherited: inherited === undefined ? undefined : Buffer.from(inherited), root: folder }))
  const caches = toolCaches(userHome)
  let looked = 0
  for (let place = open.shift(); place && looked < LOOKED_AT_MAX; place = open.shift()) {
    for (const entry of await entriesOf(place.at)) {
      if (++looked >= LOOKED_AT_MAX) break
      const at = below(place.at, entry.name)
      const inside = below(place.inside, entry.name)
      if (caches.has(inside.toString())) continue
      const inherited = place.inherited && below(place.inherited, entry.name)
      if (entry.isDirectory()) open.push({ at, inside, inherited, root: place.root })
      else if (entry.isSymbolicLink() || entry.isFile()) {
        const now = await seen(at)
        const size = now?.size ?? 0
        if (now && inherited && isSame(now, await seen(inherited))) continue
        if (!(entry.isFile() && size < 4096 && await isFurniture(at.toString(), place.root, userHome))) found.push({ path: toBytes(inside), size })
      }
    }
  }
  return found.sort((one, other) => other.size - one.size).slice(0, TOLD_MAX)
}

/** A copy keeps the times; whoever writes to it changes them. */
function isSame(now: Stats, before: Stats | undefined): boolean {
  return before !== undefined && now.mode === before.mode && now.size === before.size && now.mtimeMs === before.mtimeMs
}

function seen(path: Buffer): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined)
}

/** A folder that the run made unreadable, or one deeper than a path may be long, is passed over. */
function entriesOf(folder: Buffer) {
  return readdir(folder, { encoding: 'buffer', withFileTypes: true }).catch(() => [])
}

function below(folder: Buffer, name: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([folder, Buffer.from('/'), name])
}
