/** A run that stands on others which are not applied: all of them as one change set, shown before it is approved. */
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change } from '@nexus/protocol/changes'
import type { Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import type { Invocation } from './command.ts'
import { changeLine, changeLines } from './screen/changes.ts'
import { confirm } from './screen/confirm.ts'

export interface Together {
  readonly digest: string | null
  readonly changes: readonly Change[]
  /** The one among theirs that wants a word before it is applied, else the run's own. */
  readonly verdict: Run['verdict']
}

export async function together({ client }: Invocation, run: Run): Promise<Together> {
  const { digest, changes } = await client.runs.diff.query({ run: run.id, patch: false, against: 'host' })
  const below = await Promise.all((run.needs ?? []).map(async (needed) => (await client.runs.get.query({ run: needed })).run))
  return { digest, changes, verdict: [run, ...below].find(({ verdict }) => verdict?.confirm)?.verdict ?? run.verdict }
}

export async function agreesToAll({ tell, errorTheme }: Invocation, { needs = [], id }: Run, { changes }: Together): Promise<boolean> {
  tell(`${id} stands on ${needs.join(', ')}, not applied yet. As one they are ${plural(changes.length, 'change')}:`)
  for (const line of changeLines(changes, errorTheme)) tell(line)
  return confirm(`Apply all ${needs.length + 1} runs as one?`)
}

/** Flagged paths are named once more, and asked for. */
export async function agreesToFlagged({ tell, errorTheme }: Invocation, changes: readonly Change[]): Promise<boolean> {
  const flagged = changes.filter(isBlocking)
  if (flagged.length === 0) return true
  tell('These paths need a second look:')
  for (const change of flagged.slice(0, 20)) tell(changeLine(change, errorTheme))
  if (flagged.length > 20) tell(`  … and ${flagged.length - 20} more`)
  return confirm('Apply them too?')
}
