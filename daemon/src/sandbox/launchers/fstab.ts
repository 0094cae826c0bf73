/** The scene as fstabs, each read by a single call of mount(8) from top to bottom: a call for each mount would cost 40 ms.
 *  Everything is mounted below `stage/root`, a read-only copy of the host's tree, while the sources stay visible in the
 *  host's own. Sources that are no path are called `nexus`: mount -a skips what it believes to be mounted already. */
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { isInside } from '../../base/project.ts'
import { mountTable } from '../mount-table.ts'
import type { Scene } from '../scene.ts'

export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const
const PRIVATE = 'rw,nosuid,nodev'
const HIDDEN = 'bind,ro,nosuid,nodev,noexec'
const OTHER_HOMES = ['/home', '/root'] as const
/** Below /proc and /sys. */
const KERNEL_HIDDEN = [
  '/proc/kcore', '/proc/kmsg', '/proc/keys', '/proc/key-users', '/proc/timer_list', '/proc/acpi', '/proc/scsi', '/proc/asound', '/proc/interrupts', '/proc/iomem', '/proc/ioports',
  '/proc/kallsyms', '/proc/slabinfo', '/proc/vmallocinfo', '/proc/pagetypeinfo', '/proc/kpagecount', '/proc/kpageflags', '/proc/kpagecgroup',
  '/sys/firmware', '/sys/kernel/debug', '/sys/kernel/tracing', '/sys/kernel/security', '/sys/fs/bpf', '/sys/fs/pstore', '/sys/devices/virtual/powercap',
] as const

export interface Fstabs {
  /** Read first, and it may fail in part: the kernel does not take every folder for an overlay. */
  readonly silent: string
  readonly fstab: string
  /** Where the silent folders are mounted: nothing is lost when one of them has gone. */
  readonly targets: readonly string[]
}

/** The folders named here are made by stage-folder.ts; relative paths start at the layer's folder. */
export function fstabsOf(scene: Scene): Fstabs {
  const stage = join(scene.folder, 'stage')
  const inside = (path: string) => join(stage, 'root', realTarget(path))
  const hide = (path: string) => line(join(stage, isFolder(path) ? 'empty-folder' : 'empty-file'), inside(path), 'none', HIDDEN)
  const mkdir = 'X-mount.mkdir'
  const fstab = [
    ...readonlyTree(),
    line('/', join(stage, 'root'), 'none', 'rbind'),
    // Writable again, and both on one mount: overlayfs wants that of upper and work.
    line(scene.folder, join(stage, 'self'), 'none', `bind,${PRIVATE}`),
    ...silentIn(scene).map((path, at) => line(join(stage, `quiet${at}`), inside(path), 'none', 'bind,ro,nosuid,nodev')),
    line('nexus', inside('/proc'), 'proc', 'nosuid,nodev,noexec'),
    ...devices(stage),
    line(join(stage, 'dev'), inside('/dev'), 'none', 'rbind'),
    line('nexus', join(stage, 'root/dev/pts'), 'devpts', 'newinstance,ptmxmode=0666,mode=0620,nosuid,noexec'),
    line('nexus', join(stage, 'root/dev/shm'), 'tmpfs', 'mode=1777,nosuid,nodev'),
    line(join(stage, 'run'), inside('/run'), 'none', `bind,${PRIVATE}`),
    line(scene.tmpFrom, inside('/tmp'), 'none', `bind,${PRIVATE}`),
    ...(inside('/var/tmp') === inside('/tmp') ? [] : [line(scene.vartmpFrom, inside('/var/tmp'), 'none', `bind,${PRIVATE}`)]),
    ...OTHER_HOMES.filter((path) => existsSync(path)).map((path) => line('nexus', inside(path), 'tmpfs', 'mode=0755,size=16m,nosuid,nodev')),
    ...(scene.home ? [line(scene.home.from, inside(scene.home.path), 'none', `bind,${PRIVATE},${mkdir}`)] : []),
    ...scene.binds.map(({ from, to }) => line(from, inside(to), 'none', `bind,${PRIVATE},${mkdir}`)),
    ...projectLines(scene, stage, inside(scene.project)),
    ...scene.readonly.map((path) => line(path, inside(path), 'none', `rbind,ro,nosuid,nodev${isFolder(path) ? `,${mkdir}` : ''}`)),
    ...pinned(scene).map((path) => line(inside(path), inside(path), 'none', 'bind')),
    ...scene.hide.filter((path) => isSeen(path, scene)).map(hide),
    ...(scene.mask ?? []).filter((path) => isSeen(path, scene)).map((path) => line(join(stage, 'blank-file'), inside(path), 'none', HIDDEN)),
    // A device where devices do not count: EACCES for everybody.
    ...(scene.deny ?? []).filter((path) => isSeen(path, scene)).map((path) => line('/dev/null', inside(path), 'none', HIDDEN)),
    ...kernelSettings().map((path) => line(inside(path), inside(path), 'none', HIDDEN)),
    ...KERNEL_HIDDEN.filter((path) => existsSync(path)).map(hide),
  ]
  return { silent: silentLines(scene, stage).join(''), fstab: fstab.join(''), targets: silentIn(scene).map(inside) }
}

/** mount(8) cannot make a tree read-only at once before 2.39: each mount is tightened by itself. Nothing of the host can
 *  be written from here on, not even by a mount point that a link left by an earlier run leads astray. */
function readonlyTree(): string[] {
  return mountTable().filter(({ point }) => !isInside(point, '/proc')).map(({ point, options }) => {
    const kept = options.filter((option) => option !== 'rw' && option !== 'ro')
    const added = point === '/dev' ? [] : ['nosuid', 'nodev']
    // mount -a leaves out what is called exactly "/".
    return line('none', point === '/' ? '/.' : point, 'none', ['remount', 'bind', 'ro', ...new Set([...kept, ...added])].join(','))
  })
}

function devices(stage: string): string[] {
  return DEVICES.filter((name) => existsSync(`/dev/${name}`)).map((name) => line(`/dev/${name}`, join(stage, 'dev', name), 'none', 'bind,ro,dev,nosuid,noexec'))
}

/** Folders between the project and a hidden folder in it, as in native/launch-hide.c: what is a mount point is not renamed together with it. */
function pinned(scene: Scene): string[] {
  const folders = scene.hide.filter((path) => path !== scene.project && isInside(path, scene.project) && isFolder(path) && isSeen(path, scene))
  const above = folders.flatMap((path) => relative(scene.project, path).split('/').slice(0, -1).map((_, at, names) => join(scene.project, ...names.slice(0, at + 1))))
  return [...new Set(above)]
}

/** All of /proc that is no process's and can be written, whatever this kernel has. uid 0 owns it, and owning is enough to write. */
function kernelSettings(): string[] {
  return readdirSync('/proc').filter((name) => !/^\d/.test(name)).map((name) => join('/proc', name)).filter((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isDirectory() || (stat?.isFile() && (stat.mode & 0o222) !== 0)
  })
}

/** In the same order each time, by the scene alone: their numbers are names. What is below the home has its place only later, and is shown as it is. */
export function silentIn({ silent, readonly }: Scene): string[] {
  return silent.filter((path) => !readonly.includes(path))
}

/** By relative names, as in projectLines. Two lowers, because an overlay without an upper needs two; mode and owner are those of the first. */
function silentLines(scene: Scene, stage: string): string[] {
  return [
    // On a file system of its own: a layer of an overlay may not lie inside of another one.
    line('nexus', join(stage, 'empty-folder'), 'tmpfs', 'ro,mode=0555,size=4k,nosuid,nodev'),
    ...silentIn(scene).flatMap((path, at) => [
      // Twice: where the overlay fails, the folder is shown as it is.
      ...['silent', 'quiet'].map((name) => line(path, join(stage, `${name}${at}`), 'none', 'bind,ro,nosuid,nodev')),
      line('nexus', join(stage, `quiet${at}`), 'overlay', `ro,nosuid,nodev${isNoexec(path) ? ',noexec' : ''},lowerdir=stage/silent${at}:stage/empty-folder`),
    ]),
  ]
}

function isNoexec(path: string): boolean {
  const around = mountTable().filter(({ point }) => isInside(path, point)).sort((a, b) => b.point.length - a.point.length)
  return around[0]?.options.includes('noexec') ?? false
}

/** Relative names: commas and colons in a path would end an option, and fifty long ones would not fit. */
function projectLines({ ground, project, folder }: Scene, stage: string, target: string): string[] {
  if (ground.backend === 'copy') return [line(ground.tree, target, 'none', `bind,${PRIVATE},X-mount.mkdir`)]
  const lowers = [...ground.parents, project]
  // The kernel refuses layers that lie inside the project, but not with one more overlay in between; it needs two lowers.
  const last = `stage/lower${lowers.length - 1}`
  const twin = isInside(folder, project)
    ? [line('nexus', join(folder, last), 'overlay', `ro,lowerdir=stage/empty-folder:${last}`)] : []
  const marks = ground.xattrs === 'trusted' ? 'redirect_dir=on,metacopy=off,index=off' : 'userxattr'
  return [
    ...lowers.map((path, at) => line(path, join(stage, `lower${at}`), 'none', 'bind')),
    ...twin,
    line('nexus', target, 'overlay', `lowerdir=${lowers.map((_, at) => `stage/lower${at}`).join(':')},upperdir=stage/self/upper,workdir=stage/self/work,${marks},nosuid,nodev,X-mount.mkdir`),
  ]
}

/** What lies below a private place is not there inside, unless it is below the project. */
function isSeen(path: string, { project, home, ground, readonly }: Scene): boolean {
  if (ground.backend === 'copy' && isInside(path, project)) return existsSync(join(ground.tree, relative(project, path)))
  const covered = ['/proc', '/dev', '/run', '/tmp', '/var/tmp', ...OTHER_HOMES, ...(home ? [home.path] : [])]
  return existsSync(path) && ([project, ...readonly].some((place) => isInside(path, place)) || !covered.some((place) => isInside(realTarget(path), realTarget(place))))
}

/** Links are resolved on the host: below `stage/root` an absolute one would lead out of it. */
function realTarget(path: string): string {
  if (path === '/') return path
  try {
    return realpathSync(path)
  } catch {
    return join(realTarget(dirname(path)), basename(path)) // to be made inside a private folder
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function line(source: string, target: string, type: string, options: string): string {
  return `${escape(source)} ${escape(target)} ${type} ${options} 0 0\n`
}

function escape(path: string): string {
  return path.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
