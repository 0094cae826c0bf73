/** What is mounted on this machine, as the kernel tells it. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isInside } from '../base/project.ts'

export interface Mount {
  readonly point: string
  /** Its own options (`rw`, `nosuid`, `relatime` …), which a user namespace may tighten but not loosen. */
  readonly options: readonly string[]
  /** Of its file system: `ext4`, `nfs4` … */
  readonly type: string
}

/** One for each mount point: the one on top. */
export function mountTable(text: string = readFileSync('/proc/self/mountinfo', 'utf8')): Mount[] {
  const mounts = text.split('\n').filter(Boolean).map((line): Mount => {
    const fields = line.split(' ')
    // The optional fields before it end with a dash.
    return { point: unescape(fields[4] ?? ''), options: (fields[5] ?? '').split(','), type: fields[fields.indexOf('-', 6) + 1] ?? '' }
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

/** Undefined where nothing is mounted that could hold it. */
export function mountedPlace(folder: string, text: string = readFileSync('/proc/self/mountinfo', 'utf8')): MountedPlace | undefined {
  return placeIn(folder, pointsOf(text))
}

/** Other names of the same files: what is mounted in two places (a bind mount, the top of a btrfs) is reached by both. */
export function aliasesOf(paths: readonly string[], text: string = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  const points = pointsOf(text)
  const twice = points.filter(({ device }, at) => points.some((other, its) => its !== at && other.device === device))
  if (twice.length === 0) return []
  return paths.flatMap((path) => {
    const place = placeIn(path, points)
    const others = twice.filter(({ device, root }) => place?.device === device && isInside(place.path, root))
    return others.map(({ point, root }) => join(point, unescape(relative(root, place?.path ?? ''))))
      // Where something else is mounted on top, the name leads there.
      .filter((alias) => alias !== path && placeIn(alias, points)?.path === place?.path)
  })
}

interface Point extends Pick<Mount, 'point'> {
  readonly device: string
  /** Escaped. */
  readonly root: string
}

function pointsOf(text: string): Point[] {
  return text.split('\n').filter(Boolean).map((line) => {
    const [, , device = '', root = '', point = ''] = line.split(' ')
    return { device, root, point: unescape(point) }
  })
}

function placeIn(folder: string, points: readonly Point[]): MountedPlace | undefined {
  const length = Math.max(...points.filter(({ point }) => isInside(folder, point)).map(({ point }) => point.length))
  // Of several on the same point the last one is on top.
  const deepest = points.findLast(({ point }) => point.length === length && isInside(folder, point))
  if (!deepest) return undefined
  const below = relative(deepest.point, folder).replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
  return { device: deepest.device, path: join(deepest.root, below) }
}

/** Blanks, tabs, line breaks and backslashes stand there as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
