/** Who attacks, and against which launcher. */
import { STRANGER } from '../nexus.ts'
import type { Attack } from './attack.ts'

export interface Front {
  readonly name: string
  readonly isRoot: boolean
  readonly launcher: 'native' | 'util-linux'
  readonly as?: typeof STRANGER
  /** Does this front have the wall that the attack is about? */
  has(attack: Attack): boolean
}

/** Only root can also act as a stranger; `.ci/run` runs everything as a user of its own, too. */
export function frontsHere(): Front[] {
  const isRoot = process.geteuid?.() === 0
  return (['native', 'util-linux'] as const).flatMap((launcher) => [
    front(isRoot ? 'root' : 'user', launcher, isRoot),
    ...(isRoot ? [front('stranger', launcher, false, STRANGER)] : []),
  ])
}

function front(who: string, launcher: Front['launcher'], isRoot: boolean, as?: typeof STRANGER): Front {
  const missing = launcher === 'native' ? [] : ['seccomp', 'landlock', 'private-keyring', ...(isRoot ? ['user-namespace'] : [])]
  return {
    name: `${who}, ${launcher}`, isRoot, launcher, ...(as ? { as } : {}),
    has: ({ wall, who: needed }) => !(wall && missing.includes(wall)) && (needed !== 'root' || isRoot),
  }
}
