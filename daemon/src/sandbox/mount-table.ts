/** What is mounted on this machine, as the kernel tells it. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isInside } from '../base/project.ts'

export interface Mount {
  readonly point: string
  /** Its own options (`rw`, `nosuid`, `relatime` …), which a user namespace may tighten but not loosen. */
  readonly options: readonly string[]
}

/** One for each mount point: the one on top. */
export function mountTable(text: string = readFileSync('/proc/self/mountinfo', 'utf8')): Mount[] {
  const mounts = text.split('\n').filter(Boolean).map((line): Mount => {
    const fields = line.split(' ')
    return { point: unescape(fields[4] ?? ''), options: (fields[5] ?? '').split(',') }
  })
  return [...new Map(mounts.map((mount) => [mount.point, mount])).values()]
}

/** File systems mounted below a folder, outermost only: an overlay shows them empty, so they are shown read-only instead. */
export function mountsBelow(folder: string, table: readonly Mount[] = mountTable()): string[] {
  const points = table.map(({ point }) => point).filter((point) => point !== folder && isInside(point, folder)).sort((one, other) => one.length - other.length)
  return points.filter((point, at) => !points.slice(0, at).some((outer) => isInside(point, outer)))
}

/** Where a folder lies, in the words of mountinfo. */
export interface MountedPlace {
  readonly device: string
  /** Below the root of its own file system; blanks and the like are escaped as they are there. */
  readonly path: string
}

/** Undefined for what is not there. */
export function mountedPlace(folder: string, text: string = readFileSync('/proc/self/mountinfo', 'utf8')): MountedPlace | undefined {
  const lines = text.split('\n').filter(Boolean).map((line) => line.split(' '))
  const holding = lines.filter((fields) => isInside(folder, unescape(fields[4] ?? ''))).sort((one, other) => unescape(other[4] ?? '').length - unescape(one[4] ?? '').length)
  // Of several on the same point the last one is on top.
  const deepest = holding.findLast((fields) => fields[4] === holding[0]?.[4])
  if (!deepest) return undefined
  const [, , device = '', root = '', point = ''] = deepest
  const below = relative(unescape(point), folder)
  return { device, path: join(root, below.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)) }
}

/** Blanks, tabs, line breaks and backslashes stand there as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
