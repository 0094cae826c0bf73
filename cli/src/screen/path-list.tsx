/** "Apply some": a list with boxes. Flagged paths are marked and never chosen beforehand. */
import { useState } from 'react'
import { Box, Text, useApp, useInput } from 'ink'
import type { Bytes } from '@nexus/protocol/bytes'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change } from '@nexus/protocol/changes'
import { SIGNS } from './changes.ts'
import { safePath } from './escape.ts'

export interface PathListProps {
  readonly changes: readonly Change[]
  /** How many rows of the list fit on the screen. */
  readonly rows: number
  readonly onChosen: (paths: Bytes[]) => void
}

export function PathList({ changes, rows, onChosen }: PathListProps) {
  const [cursor, setCursor] = useState(0)
  const [chosen, setChosen] = useState<ReadonlySet<number>>(() => new Set(changes.flatMap((change, at) => (isBlocking(change) ? [] : [at]))))
  const { exit } = useApp()
  const visible = Math.max(3, Math.min(rows, 20))
  const top = Math.max(0, Math.min(cursor - Math.floor(visible / 2), changes.length - visible))
  const finish = (paths: Bytes[]) => {
    onChosen(paths)
    exit()
  }
  useInput((input, key) => {
    if (key.upArrow || input === 'k') return setCursor(Math.max(0, cursor - 1))
    if (key.downArrow || input === 'j') return setCursor(Math.min(changes.length - 1, cursor + 1))
    if (key.pageUp) return setCursor(Math.max(0, cursor - visible))
    if (key.pageDown) return setCursor(Math.min(changes.length - 1, cursor + visible))
    if (input === ' ') return setChosen(toggled(chosen, cursor))
    if (input === 'a') return setChosen(chosen.size === changes.length ? new Set() : new Set(changes.keys()))
    if (key.return) return finish([...chosen].sort((a, b) => a - b).flatMap((at) => changes[at]?.path ?? []))
    if (key.escape || input === 'q' || (key.ctrl && input === 'c')) finish([])
  })
  return (
    <Box flexDirection="column">
      {changes.slice(top, top + visible).map((change, at) => (
        <Text key={top + at} inverse={top + at === cursor} wrap="truncate-middle">
          {`${chosen.has(top + at) ? '[x]' : '[ ]'} ${SIGNS[change.kind]} ${safePath(change.path)}${isBlocking(change) ? `  ⚑ ${change.flags.join(', ')}` : ''}`}
        </Text>
      ))}
      <Text dimColor>{`${chosen.size} of ${changes.length} · space choose · a all · Enter apply · Esc back`}</Text>
    </Box>
  )
}

function toggled(chosen: ReadonlySet<number>, at: number): ReadonlySet<number> {
  const next = new Set(chosen)
  if (!next.delete(at)) next.add(at)
  return next
}
