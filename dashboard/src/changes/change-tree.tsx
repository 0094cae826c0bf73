/** The change set as a tree. Only the rows in sight are in the page, so 20,000 paths are as quick as 20. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { FLAG_WORDS, SIGNS } from '@nexus/protocol/change-words'
import type { Change } from '@nexus/protocol/changes'
import { isBlocking } from '@nexus/protocol/change-flags'
import { safePath } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { markOf, openChanges, turned, type Choice, type Mark } from './choice.ts'
import { rowsOf, type Row, type Tree } from './tree.ts'

export interface ChangeTreeProps {
  readonly run: Run
  readonly tree: Tree
  /** Undefined: nothing can be chosen now. */
  readonly choice: Choice | undefined
  /** Index of the change whose diff is shown. */
  readonly shown: number
  readonly onShow: (at: number) => void
  readonly onChoose: (choice: Choice) => void
}

/** As in the style sheet. */
const ROW_PX = 28
const SPARE_ROWS = 12

export function ChangeTree({ run, tree, choice, shown, onShow, onChoose }: ChangeTreeProps) {
  const [turnedFolders, setTurned] = useState(tree.closed)
  const rows = useMemo(() => rowsOf(tree, turnedFolders), [tree, turnedFolders])
  const open = useMemo(() => new Set(openChanges(run)), [run])
  const [cursor, setCursor] = useState<string>()
  const box = useRef<HTMLDivElement>(null)
  const [sight, setSight] = useState({ from: 0, count: 60 })
  const look = () => {
    const { current } = box
    if (current) setSight({ from: Math.floor(current.scrollTop / ROW_PX), count: Math.ceil(current.clientHeight / ROW_PX) })
  }
  useEffect(look, [rows])
  const at = Math.max(0, rows.findIndex(({ key, at: index }) => (cursor === undefined ? index === shown : key === cursor)))
  const first = Math.max(0, Math.min(sight.from - SPARE_ROWS, at))
  const last = Math.min(rows.length, sight.from + sight.count + SPARE_ROWS)

  const move = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))]
    if (!row) return
    setCursor(row.key)
    if (row.at !== undefined && !row.isFolder) onShow(row.at)
    const { current } = box
    const top = rows.indexOf(row) * ROW_PX
    if (current && (top < current.scrollTop || top + ROW_PX > current.scrollTop + current.clientHeight)) current.scrollTop = top - current.clientHeight / 2
    // The row may come into the page only now.
    requestAnimationFrame(() => current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus())
  }
  const fold = (row: Row, isOpen: boolean) => setTurned((closed) => (isOpen ? new Set([...closed].filter((key) => key !== row.key)) : new Set([...closed, row.key])))
  const turn = (row: Row) => { if (choice) onChoose(turned(run, choice, row.members)) }
  const press = (event: KeyboardEvent) => {
    const row = rows[at]
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return
    const actions: Record<string, () => void> = {
      ArrowDown: () => move(at + 1), ArrowUp: () => move(at - 1), Home: () => move(0), End: () => move(rows.length - 1), PageDown: () => move(at + sight.count), PageUp: () => move(at - sight.count),
      ArrowRight: () => (row.isFolder && !row.isOpen ? fold(row, true) : row.isFolder ? move(at + 1) : undefined),
      ArrowLeft: () => (row.isFolder && row.isOpen ? fold(row, false) : move(rows.findLastIndex(({ depth }, index) => index < at && depth < row.depth))),
      ' ': () => turn(row), Enter: () => (row.isFolder ? fold(row, !row.isOpen) : move(at)),
    }
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    action()
  }
  return (
    <div className="tree" ref={box} role="tree" aria-label="Changes" aria-multiselectable={choice ? true : undefined} onScroll={look} onKeyDown={press}>
      <div className="rows" role="none" style={{ height: rows.length * ROW_PX }}>
        {rows.slice(first, last).map((row, index) => (
          <TreeRow
            key={row.key} row={row} top={(first + index) * ROW_PX} run={run} open={open} mark={choice && markOf(choice, row.members.filter((member) => open.has(member)))}
            isShown={row.at !== undefined && row.at === shown} isStop={first + index === at}
            onTurn={() => { setCursor(row.key); turn(row) }} onPick={() => { move(first + index); if (row.isFolder) fold(row, !row.isOpen) }}
          />
        ))}
      </div>
    </div>
  )
}

interface TreeRowProps {
  readonly row: Row
  readonly top: number
  readonly run: Run
  readonly open: ReadonlySet<number>
  readonly mark: Mark | undefined
  readonly isShown: boolean
  readonly isStop: boolean
  readonly onTurn: () => void
  readonly onPick: () => void
}

function TreeRow({ row, top, run, open, mark, isShown, isStop, onTurn, onPick }: TreeRowProps) {
  const change = row.at === undefined ? undefined : run.changes[row.at]
  const isDone = row.members.every((at) => !open.has(at))
  const isConflict = change !== undefined && run.conflicts.some(({ path }) => safePath(path) === safePath(change.path))
  const hidden = row.isFolder && !row.isOpen ? row.members.filter((at) => run.changes[at] !== undefined && isBlocking(run.changes[at])).length : 0
  return (
    <div
      className={`row ${row.isFolder ? 'folder' : 'file'}`} role="treeitem" aria-level={row.depth + 1} aria-selected={isShown} aria-expanded={row.isFolder ? row.isOpen : undefined}
      aria-checked={mark === undefined || isDone ? undefined : mark === 'some' ? 'mixed' : mark === 'all'} tabIndex={isStop ? 0 : -1} style={{ top, paddingLeft: 8 + row.depth * 16 }} onClick={onPick}
    >
      {mark !== undefined && <span className={`box ${isDone ? 'done' : mark}`} aria-hidden="true" onClick={(event) => { event.stopPropagation(); onTurn() }} />}
      {row.isFolder && <span className={row.isOpen ? 'twist open' : 'twist'} aria-hidden="true" />}
      {change && <span className={`sign kind-${change.kind}`} aria-hidden="true">{SIGNS[change.kind]}</span>}
      <bdi className="name mono" title={row.label}>{change?.from === undefined ? row.label : `${safePath(change.from)} → ${row.label}`}{row.isFolder ? '/' : ''}</bdi>
      {row.isFolder && !row.isOpen && <span className="quiet">{row.members.length}</span>}
      {isDone && <span className="good-words small">on the host</span>}
      {isConflict && <span className="bad-words small">conflict</span>}
      {change && <Flags change={change} />}
      {hidden > 0 && <span className="flag">⚑ {hidden}</span>}
      {change && <span className="spoken">{change.kind}</span>}
    </div>
  )
}

/** That a path lies in .git its name tells. */
function Flags({ change }: { readonly change: Change }) {
  const words = change.flags.filter((flag) => flag !== 'git-internal').map((flag) => FLAG_WORDS[flag])
  if (words.length === 0) return null
  return <span className={isBlocking(change) ? 'flag blocking' : 'flag'} title={words.join(', ')}>⚑ {words.join(', ')}</span>
}
