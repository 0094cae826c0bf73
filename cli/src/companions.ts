/** What comes along with the paths that a person chose, because a repository moves as one: shown before it is applied. */
import type { Bytes } from '@nexus/protocol/bytes'
import type { Run } from '@nexus/protocol/runs'
import { keyOf } from '@nexus/protocol/path-key'
import { companionsOf } from '@nexus/protocol/repository'
import { plural } from '@nexus/protocol/words'
import type { Invocation } from './command.ts'
import { changeLine } from './screen/changes.ts'
import { confirm } from './screen/confirm.ts'

const SHOWN = 20

/** The paths with their companions, once the person agreed to those; null when not. A folder names what lies below it. */
export async function withCompanions({ tell, errorTheme }: Invocation, { changes }: Run, paths: readonly Bytes[]): Promise<Bytes[] | null> {
  const named = paths.map(keyOf)
  const isNamed = (path: Bytes) => named.some((name) => name === '' || name === '.' || keyOf(path) === name || keyOf(path).startsWith(`${name}/`))
  const chosen = new Set([...changes.keys()].filter((at) => changes[at] !== undefined && (isNamed(changes[at].path) || (changes[at].from !== undefined && isNamed(changes[at].from)))))
  const companions = companionsOf(changes, chosen).flatMap((at) => changes[at] ?? [])
  if (companions.length === 0) return [...paths]
  tell(`${plural(companions.length, 'path')} more ${companions.length === 1 ? 'comes' : 'come'} along, because a repository moves as one:`)
  for (const change of companions.slice(0, SHOWN)) tell(changeLine(change, errorTheme))
  if (companions.length > SHOWN) tell(`  … and ${companions.length - SHOWN} more`)
  return (await confirm('Apply them too?')) ? [...paths, ...companions.map(({ path }) => path)] : null
}
