/**
 * Folders of the machine that a command sees and may write to nobody through: they are shown as overlays of nothing. A
 * socket, a pipe or a lock belongs to the file system it was made on; through an overlay it is another one, and nobody of
 * the host listens there, whenever it was made.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isInside } from '../base/project.ts'
import { mountTable, type Mount } from './mount-table.ts'

/** Programs and settings of the system: only root writes there, and every start of a program reads there. */
const SYSTEM: readonly string[] = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/boot', '/lost+found']
/** File systems of which overlayfs takes a lower. */
const LOCAL: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'bcachefs', 'f2fs', 'zfs', 'tmpfs', 'overlay', 'squashfs', 'erofs', 'iso9660'])
/** Windows into the kernel, which nobody misses below a folder of data. */
const KERNEL: ReadonlySet<string> = new Set([
  'proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'devtmpfs', 'mqueue', 'nsfs', 'rpc_pipefs', 'debugfs', 'tracefs', 'securityfs', 'pstore', 'bpf', 'configfs', 'fusectl', 'hugetlbfs', 'binfmt_misc',
])
const PLACES_MAX = 300

/**
 * Those of the whole machine, outer ones first; `isLeftOut`: what is private, hidden or the project inside anyway. A user
 * namespace may not cover what is mounted below a folder, so that there (`covers: false`) the folders around it stand for it.
 */
export function silentPlaces(isLeftOut: (path: string) => boolean, { covers, table = mountTable() }: { covers: boolean; table?: readonly Mount[] }): string[] {
  const tops = foldersIn('/').filter((path) => !SYSTEM.includes(path) && !isLeftOut(path))
  const wanted = covers ? tops : tops.flatMap((path) => aroundMounts(path, table))
  return withMounts(wanted, table).filter((path) => !isLeftOut(path)).slice(0, PLACES_MAX)
}

/** A network share may take for ever to be looked at. */
export function isLocal(type: string): boolean {
  return LOCAL.has(type)
}

/** Each folder and what is mounted below it, as far as all of it can be shown so: a network share may take for ever to be asked. */
export function withMounts(folders: readonly string[], table: readonly Mount[] = mountTable()): string[] {
  const whole = (path: string) => LOCAL.has(typeAt(path, table)) && table.every(({ point, type }) => !isBelow(point, path) || LOCAL.has(type) || KERNEL.has(type))
  const mounts = table.filter(({ point, type }) => LOCAL.has(type) && folders.some((folder) => isBelow(point, folder))).map(({ point }) => point)
  return [...new Set([...folders, ...mounts])].filter(whole).sort((a, b) => a.length - b.length)
}

function aroundMounts(folder: string, table: readonly Mount[]): string[] {
  if (!table.some(({ point }) => isBelow(point, folder))) return [folder]
  return foldersIn(folder).flatMap((path) => aroundMounts(path, table))
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  } catch {
    return [] // nobody of us gets there
  }
}

function typeAt(path: string, table: readonly Mount[]): string {
  const around = table.filter(({ point }) => isInside(path, point))
  return around.reduce<Mount | undefined>((deepest, mount) => (deepest && deepest.point.length > mount.point.length ? deepest : mount), undefined)?.type ?? ''
}

function isBelow(path: string, folder: string): boolean {
  return path !== folder && isInside(path, folder)
}
