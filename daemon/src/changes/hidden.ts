/** Paths of the project that no run sees and no change set lists: the staging folder, the state folder, mounts. */
import fs from 'node:fs'
import { fromText, isBelow, type BytePath } from './byte-path.ts'

export const STAGE_PREFIX = '.nexus-stage-'

/** What a rename of a folder that was cut short leaves (native/launch-move.c): further names of files that are still where they were. */
const UNFINISHED_RENAME = /(^|\/)\.nexus-rename-[0-9a-f]{16}$/

export interface Hidden {
  /** Left out altogether. */
  has(path: BytePath): boolean
  /** A directory on which another file system is mounted: overlayfs shows it empty. */
  isMount(path: BytePath): boolean
}

export function hiddenIn(project: string, state: string): Hidden {
  const within = relative(fromText(project), fromText(state))
  const mounts = mountsBelow(fromText(project))
  return {
    has: (path) => path.startsWith(STAGE_PREFIX) || UNFINISHED_RENAME.test(path) || (within !== null && (path === within || isBelow(path, within))),
    isMount: (path) => mounts.has(path),
  }
}

function relative(folder: BytePath, path: BytePath): BytePath | null {
  return isBelow(path, folder) ? (path.slice(folder.length + 1) as BytePath) : null
}

function mountsBelow(project: BytePath): Set<BytePath> {
  const found = new Set<BytePath>()
  for (const line of fs.readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const path = line.split(' ')[4]?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    const inside = path === undefined ? null : relative(project, path as BytePath)
    if (inside !== null) found.add(inside)
  }
  return found
}
