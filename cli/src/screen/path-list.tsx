/** "Apply some": a list with boxes, folders with their paths below them, as tall as the screen allows. */
import { useMemo } from 'react'
import { Box, Text, useInput } from 'ink'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change } from '@nexus/protocol/changes'
import { SIGNS } from '@nexus/protocol/change-words'
import { safePath } from '@nexus/protocol/readable'
import { plural } from '@nexus/protocol/words'
import { flagWords } from './changes.ts'
import { useLatest } from './latest.ts'
import { allToggled, beginChoosing, boxOf, chosenPaths, opened, rowsOf, toggled, type Choosing, type Row } from './rows.ts'

export interface PathListProps {
  readonly changes: readonly Change[]
  /** How many rows of the list fit on the screen. */
  readonly rows: number
  readonly onChosen: (paths: Bytes[]) => void
}

export function PathList({ changes, rows: room, onChosen }: PathListProps) {
  const [state, setState] = useLatest(() => ({ cursor: 0, choosing: beginChoosing(changes) }))
  const height = Math.max(3, Math.min(room, 20))
  useInput((input, key) => {
    const { cursor, choosing } = state()
    const rows = rowsOf(choosing)
    const row = rows[cursor]
    const move = (by: number) => setState({ choosing, cursor: Math.max(0, Math.min(rows.length - 1, cursor + by)) })
    const choose = (next: Choosing) => setState({ choosing: next, cursor })
    if (key.upArrow || input === 'k') return move(-1)
    if (key.downArrow || input === 'j') return move(1)
    if (key.pageUp) return move(-height)
    if (key.pageDown) return move(height)
    if (key.rightArrow || key.leftArrow) return choose(opened(choosing, row, key.rightArrow))
    if (input === ' ' && row) return choose(toggled(choosing, row))
    if (input === 'a') return choose(allToggled(choosing))
    if (key.return) return onChosen(chosenPaths(choosing))
    if (key.escape || input === 'q' || (key.ctrl && input === 'c')) onChosen([])
  })
  const { cursor, choosing } = state()
  const rows = useMemo(() => rowsOf(choosing), [choosing])
  const top = Math.max(0, Math.min(cursor - Math.floor(height / 2), rows.length - height))
  return (
    <Box flexDirection="column">
      {rows.slice(top, top + height).map((row, at) => (
        <Text key={row.type === 'folder' ? row.name : row.at} inverse={top + at === cursor} wrap="truncate-middle">
          {lineOf(choosing, row)}
        </Text>
      ))}
      <Text dimColor wrap="truncate">{`${choosing.chosen.size} of ${changes.length} · space choose · a all · ←→ fold · Enter apply · Esc back`}</Text>
    </Box>
  )
}

function lineOf(choosing: Choosing, row: Row): string {
  const box = boxOf(choosing, row)
  if (row.type === 'folder') return `${box} ${row.isOpen ? '▾' : '▸'} ${row.name}  ${plural(row.members.length, 'path')}${flaggedIn(choosing, row.members)}`
  const change = choosing.changes[row.at]
  if (!change) return box
  const flags = flagWords(change)
  return `${row.depth === 1 ? '  ' : ''}${box} ${SIGNS[change.kind]} ${safePath(change.path)}${flags === '' ? '' : `  ⚑ ${flags}`}`
}

function flaggedIn({ changes }: Choosing, members: readonly number[]): string {
  const count = members.filter((at) => changes[at] !== undefined && flagWords(changes[at]) !== '').length
  return count === 0 ? '' : `  ⚑ ${count}`
}
