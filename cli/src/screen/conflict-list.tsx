/** Conflicts to decide: a row each with what would be done, and the three sides of the one under the cursor. */
import { useState } from 'react'
import { Box, Text, useInput } from 'ink'
import { CHOICE_WORDS } from '@nexus/protocol/change-words'
import { CONFLICT_WORDS } from '@nexus/protocol/change-words'
import type { Choice, OpenConflict, Resolved } from '@nexus/protocol/changes'
import { sidesLine } from './conflicts.ts'
import { DEAF_MS, draw } from './draw.ts'
import { safePath } from '@nexus/protocol/readable'
import { useLatest } from './latest.ts'

export type ConflictAnswer =
  | { readonly type: 'go' | 'rerun' | 'back'; readonly choices: Resolved[] }
  | { readonly type: 'diff'; readonly at: number; readonly choices: Resolved[] }

export interface ConflictListProps {
  readonly conflicts: readonly OpenConflict[]
  /** As the list was left for a diff. */
  readonly from?: ConflictAnswer | undefined
  readonly rows: number
  readonly onAnswer: (answer: ConflictAnswer) => void
  readonly now: () => number
}

/** `h`: the host's; `k` moves up, as in every list. */
const KEYS: Readonly<Record<string, Choice>> = { m: 'merge', t: 'take', h: 'keep', s: 'skip' }

export function ConflictList({ conflicts, from, rows, onAnswer, now }: ConflictListProps) {
  const [state, setState] = useLatest(() => ({ cursor: from?.type === 'diff' ? from.at : 0, chosen: conflicts.map((conflict, at) => from?.choices[at]?.choice ?? firstChoice(conflict)) }))
  const [shownAt] = useState(now)
  const height = Math.max(2, Math.min(rows, conflicts.length, 15))
  useInput((input, key) => {
    const { cursor, chosen } = state()
    const move = (by: number) => setState({ chosen, cursor: Math.max(0, Math.min(conflicts.length - 1, cursor + by)) })
    if (key.upArrow || input === 'k') return move(-1)
    if (key.downArrow || input === 'j') return move(1)
    if (now() - shownAt < DEAF_MS) return
    const settled = conflicts.map(({ path }, at) => ({ path, choice: chosen[at] ?? 'skip' }))
    const conflict = conflicts[cursor]
    const choice = KEYS[input]
    if (choice && conflict?.choices.includes(choice)) return setState({ cursor, chosen: chosen.with(cursor, choice) })
    if (input === 'd' && conflict) return onAnswer({ type: 'diff', at: cursor, choices: settled })
    if (input === 'r') return onAnswer({ type: 'rerun', choices: settled })
    if (key.return) return onAnswer({ type: 'go', choices: settled })
    if (key.escape || input === 'q' || (key.ctrl && (input === 'c' || input === 'd'))) onAnswer({ type: 'back', choices: settled })
  })
  const { cursor, chosen } = state()
  const current = conflicts[cursor]
  const top = Math.max(0, Math.min(cursor - Math.floor(height / 2), conflicts.length - height))
  return (
    <Box flexDirection="column">
      {conflicts.slice(top, top + height).map((conflict, at) => (
        <Text key={top + at} inverse={top + at === cursor} wrap="truncate">{lineOf(conflict, chosen[top + at] ?? 'skip')}</Text>
      ))}
      <Text dimColor wrap="truncate">{current ? sidesLine(current) : ''}</Text>
      <Text dimColor wrap="truncate">{current ? keysFor(current) : ''}</Text>
      <Text dimColor wrap="truncate">{'Enter go on · r re-run on the new base · Esc decide later'}</Text>
    </Box>
  )
}

/** Nothing of the host is given up without a key. */
function firstChoice({ merge }: OpenConflict): Choice {
  return merge === 'clean' ? 'merge' : 'skip'
}

function lineOf(conflict: OpenConflict, choice: Choice): string {
  return `${CHOICE_WORDS[choice].padEnd(11)} ${safePath(conflict.path)}  ${CONFLICT_WORDS[conflict.reason]}${stateWords(conflict)}`
}

function stateWords({ merge, overlaps }: OpenConflict): string {
  return merge === 'clean' ? ' · merges cleanly' : merge === 'overlaps' ? ` · ${overlaps ?? 0} overlap${overlaps === 1 ? '' : 's'}` : ''
}

function keysFor({ choices }: OpenConflict): string {
  const words: Readonly<Record<Choice, string>> = { merge: 'm merge', take: "t take the run's", keep: "h keep the host's", skip: 's later' }
  return `${choices.map((choice) => words[choice]).join(' · ')} · d diff`
}

/** Draws the list on stderr; a closed terminal decides nothing. */
export async function askConflicts(conflicts: readonly OpenConflict[], from: ConflictAnswer | undefined): Promise<ConflictAnswer> {
  let answer: ConflictAnswer = { type: 'back', choices: [] }
  await draw((done) => <ConflictList conflicts={conflicts} from={from} rows={(process.stderr.rows ?? 24) - 6} now={() => performance.now()} onAnswer={(given) => { answer = given; done() }} />)
  return answer
}
