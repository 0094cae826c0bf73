/** "Apply some" as data: rows of folders and paths, which of them are chosen, what a key does. Drawn by path-list.tsx. */
import type { Bytes } from '@nexus/protocol/bytes'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change } from '@nexus/protocol/changes'
import { keyOf } from '@nexus/protocol/path-key'
import { grouped, groupOf, isFolded } from './changes.ts'

export type Row =
  | { readonly type: 'folder'; readonly name: string; readonly members: readonly number[]; readonly isOpen: boolean }
  | { readonly type: 'path'; readonly at: number; readonly depth: 0 | 1 }

export interface Choosing {
  readonly changes: readonly Change[]
  /** Indices into `changes`. */
  readonly chosen: ReadonlySet<number>
  readonly open: ReadonlySet<string>
}

/** Everything is chosen but flagged paths: those are chosen one by one, or not at all. */
export function beginChoosing(changes: readonly Change[]): Choosing {
  const folders = [...foldersOf(changes)].filter(([name, members]) => !isFolded(name, members)).map(([name]) => name)
  return { changes, chosen: new Set([...changes.keys()].filter((at) => isFree(changes, at))), open: new Set(folders) }
}

export function rowsOf({ changes, open }: Choosing): Row[] {
  return [...foldersOf(changes)].flatMap(([name, members]): Row[] => {
    if (name === '' || members.length === 1) return members.map((at) => ({ type: 'path', at, depth: 0 }))
    const isOpen = open.has(name)
    const paths: Row[] = members.map((at) => ({ type: 'path', at, depth: 1 }))
    return [{ type: 'folder', name, members, isOpen }, ...(isOpen ? paths : [])]
  })
}

export function boxOf({ changes, chosen }: Choosing, row: Row): '[x]' | '[-]' | '[ ]' {
  if (row.type === 'path') return chosen.has(row.at) ? '[x]' : '[ ]'
  const count = row.members.filter((at) => chosen.has(at)).length
  const free = row.members.filter((at) => isFree(changes, at)).length
  return count === 0 ? '[ ]' : count >= Math.max(free, 1) ? '[x]' : '[-]'
}

/** A folder takes its unflagged paths with it, and lets go of all. */
export function toggled(choosing: Choosing, row: Row): Choosing {
  if (row.type === 'path') return { ...choosing, chosen: choosing.chosen.has(row.at) ? without(choosing.chosen, [row.at]) : new Set([...choosing.chosen, row.at]) }
  return { ...choosing, chosen: set(choosing, row.members, boxOf(choosing, row) !== '[x]') }
}

export function allToggled(choosing: Choosing): Choosing {
  const all = [...choosing.changes.keys()]
  return { ...choosing, chosen: set(choosing, all, !all.every((at) => choosing.chosen.has(at) || !isFree(choosing.changes, at))) }
}

export function opened(choosing: Choosing, row: Row | undefined, isOpen: boolean): Choosing {
  if (row?.type !== 'folder') return choosing
  return { ...choosing, open: isOpen ? new Set([...choosing.open, row.name]) : without(choosing.open, [row.name]) }
}

/** What an apply names. A path names everything below it, too: a folder is named only when all that lies below it is chosen. */
export function chosenPaths({ changes, chosen }: Choosing): Bytes[] {
  const left = changes.filter((_, at) => !chosen.has(at)).map(({ path }) => keyOf(path))
  const isSplit = ({ path, after, before }: Change) => (after ?? before)?.type === 'directory' && left.some((key) => key.startsWith(`${keyOf(path)}/`))
  return changes.filter((change, at) => chosen.has(at) && !isSplit(change)).map(({ path }) => path)
}

function set({ changes, chosen }: Choosing, members: readonly number[], isChosen: boolean): ReadonlySet<number> {
  return isChosen ? new Set([...chosen, ...members.filter((at) => isFree(changes, at))]) : without(chosen, members)
}

function without<Item>(items: ReadonlySet<Item>, taken: readonly Item[]): ReadonlySet<Item> {
  const left = new Set(items)
  for (const item of taken) left.delete(item)
  return left
}

function isFree(changes: readonly Change[], at: number): boolean {
  const change = changes[at]
  return change !== undefined && !isBlocking(change)
}

function foldersOf(changes: readonly Change[]): Map<string, number[]> {
  return grouped(changes.keys(), (at) => (changes[at] ? groupOf(changes[at]) : ''))
}
