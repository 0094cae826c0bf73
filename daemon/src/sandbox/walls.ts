/** The walls of a sandbox and how strong they make it. */
import type { Backend, Strength, Wall } from '@nexus/protocol/runs'

const REQUIRED = [
  'user-namespace', 'mount-namespace', 'pid-namespace', 'network-namespace', 'ipc-namespace', 'uts-namespace',
  'read-only-root', 'detached-root', 'private-home', 'private-tmp', 'private-dev', 'private-keyring', 'closed-descriptors', 'no-new-privileges', 'capabilities-dropped',
] as const
const OPTIONAL = ['seccomp', 'landlock', 'cgroup'] as const

export type RequiredWall = (typeof REQUIRED)[number]

/** The optional ones are named as absent until they are built: nobody should have to guess. */
const NOT_BUILT: readonly Wall[] = OPTIONAL.map((name) => ({ name, up: false, required: false, cause: 'not built yet' }))

export function wallsWithout(missing: Partial<Record<RequiredWall, string>>): readonly Wall[] {
  return [...REQUIRED.map((name): Wall => name in missing ? { name, up: false, required: true, cause: missing[name] ?? '' } : { name, up: true, required: true }), ...NOT_BUILT]
}

export const NATIVE_WALLS = wallsWithout({})

/** A copy is weak whatever the walls: it is neither cheap nor exact, and what it missed nobody sees. */
export function strengthOf(backend: Backend, walls: readonly Wall[]): Strength {
  if (backend === 'copy') return 'weak'
  return walls.some((wall) => wall.required && !wall.up) ? 'reduced' : 'full'
}
