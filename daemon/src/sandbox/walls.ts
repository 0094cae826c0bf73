/** The walls of a sandbox and how strong they make it. */
import type { Backend, Strength, Wall } from '@nexus/protocol/runs'
import type { Diagnosis } from './diagnosis.ts'

const REQUIRED = [
  'user-namespace', 'mount-namespace', 'pid-namespace', 'network-namespace', 'ipc-namespace', 'uts-namespace',
  'read-only-root', 'detached-root', 'private-home', 'private-tmp', 'private-dev', 'private-keyring', 'closed-descriptors', 'no-new-privileges', 'capabilities-dropped',
  'masked-kernel-files', 'masked-secrets', 'masked-sockets', 'seccomp',
] as const
/** landlock: a second wall behind the mounts. abstract-sockets: those of the host are out of reach even with its network.
 *  cgroup: the kernel itself holds memory and processes; else they are watched. folder-renames: no wall, but listed like
 *  one, because its absence shows: rename(2) of a folder that was there before then fails with EXDEV. */
const OPTIONAL = ['landlock', 'abstract-sockets', 'cgroup', 'folder-renames'] as const

export type WallName = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number]
/** Why a wall is down, and what would raise it where something would. */
export type Missing = Partial<Record<WallName, { readonly cause: string; readonly fix?: string }>>

/** Those a launcher can leave out when the kernel does not have them; a step that fails has the name of its wall. */
export const KERNEL_WALLS = ['seccomp', 'landlock', 'abstract-sockets', 'folder-renames'] as const satisfies readonly WallName[]
export type KernelWall = (typeof KERNEL_WALLS)[number]

export function wallsWithout(missing: Missing): readonly Wall[] {
  const wall = (name: WallName, required: boolean): Wall => ({ name, up: !missing[name], required, ...missing[name] })
  return [...REQUIRED.map((name) => wall(name, true)), ...OPTIONAL.map((name) => wall(name, false))]
}

/** What a trial found out about this kernel, on top of what the launcher knew about itself. */
export function lowered(walls: readonly Wall[], found: Partial<Record<KernelWall, Diagnosis>>): Wall[] {
  const causes: Partial<Record<string, Diagnosis>> = found
  return walls.map((wall) => (causes[wall.name] ? { ...wall, up: false, ...causes[wall.name] } : wall))
}

/** A copy renames folders by itself, and so does the overlay of real root. */
export function withRenames(walls: readonly Wall[]): Wall[] {
  return walls.map((wall) => (wall.name === 'folder-renames' ? { name: wall.name, up: true, required: false } : wall))
}

/** The kernel walls that are not to be tried: they are known to be missing here. */
export function leftOut(walls: readonly Wall[]): KernelWall[] {
  return KERNEL_WALLS.filter((name) => walls.some((wall) => wall.name === name && !wall.up))
}

export const NATIVE_WALLS = wallsWithout({})

/** A copy is weak whatever the walls: it is neither cheap nor exact, and what it missed nobody sees. */
export function strengthOf(backend: Backend, walls: readonly Wall[]): Strength {
  if (backend === 'copy') return 'weak'
  return walls.some((wall) => wall.required && !wall.up) ? 'reduced' : 'full'
}
