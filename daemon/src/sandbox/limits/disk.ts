/**
 * What a run takes of the disk, watched: no kernel counts it for us. Counting is dear where there is much to count, so it
 * takes a small part of the time, except when the file system as a whole says that the limit may have been reached.
 */
import { statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Breach } from '@nexus/protocol/runs'
import type { LaunchLimits } from '../launch.ts'
import { takenBy, type Taken } from './taken.ts'

export interface DiskWatch {
  readonly limits: Pick<LaunchLimits, 'diskBytes' | 'files'>
  /** The folders that hold what it writes, all on one disk. */
  readonly written: readonly [string, ...string[]]
  /** The whole project was copied there before it began. */
  readonly isCopy: boolean
  readonly isOver: () => boolean
}

interface Room {
  readonly freeBytes: number
  /** So much stays free for everybody: a full disk harms what has nothing to do with the run. */
  readonly keepBytes: number
  readonly freeNames: number
}

const LOOK_EVERY_MS = 200
/** Counting may take this part of the time, no more. */
const SHARE = 10
const KEEP_MOST_BYTES = 1024 ** 3
const KEEP_PART = 20
/** Whoever took less is not why the disk is full. */
const BLAMED_BYTES = 16 * 1024 ** 2
const NO_END: Taken = { bytes: Infinity, names: Infinity }

/** The first limit that was reached, or null when the run was over first. */
export async function watchDisk({ limits, written, isCopy, isOver }: DiskWatch): Promise<Breach | null> {
  const before = isCopy ? await takenBy(written, NO_END) : { bytes: 0, names: 0 }
  const most: Taken = { bytes: limits.diskBytes ?? Infinity, names: limits.files ?? Infinity }
  const isLimited = limits.diskBytes !== null || limits.files !== null
  while (!isOver()) {
    const beganAt = performance.now()
    const room = await roomAt(written[0])
    const isTight = room.freeBytes < room.keepBytes
    const all = isLimited || isTight ? await takenBy(written, { bytes: before.bytes + most.bytes, names: before.names + most.names }) : before
    const taken = { bytes: all.bytes - before.bytes, names: all.names - before.names }
    if (taken.bytes > most.bytes) return { limit: 'disk', allowed: most.bytes, amount: taken.bytes }
    if (taken.names > most.names) return { limit: 'files', allowed: most.names, amount: taken.names }
    if (isTight && taken.bytes > Math.max(room.freeBytes, BLAMED_BYTES)) return { limit: 'space', allowed: room.keepBytes, amount: room.freeBytes }
    const restUntil = performance.now() + Math.max(LOOK_EVERY_MS, SHARE * (performance.now() - beganAt))
    do await sleep(LOOK_EVERY_MS, undefined, { ref: false })
    while (!isOver() && performance.now() < restUntil && !mayBeReached(room, await roomAt(written[0]), taken, most))
  }
  return null
}

/** Others fill the disk as well: this is only a reason to count again. */
function mayBeReached(before: Room, now: Room, taken: Taken, most: Taken): boolean {
  const isTight = now.freeBytes < now.keepBytes && before.freeBytes >= before.keepBytes
  return isTight || taken.bytes + before.freeBytes - now.freeBytes > most.bytes || taken.names + before.freeNames - now.freeNames > most.names
}

/** A disk that does not say is no reason for anything. */
async function roomAt(folder: string): Promise<Room> {
  try {
    const { bavail, blocks, bsize, ffree } = await statfs(folder)
    return { freeBytes: bavail * bsize, keepBytes: Math.min(KEEP_MOST_BYTES, (blocks * bsize) / KEEP_PART), freeNames: ffree }
  } catch {
    return { freeBytes: Infinity, keepBytes: 0, freeNames: Infinity }
  }
}
