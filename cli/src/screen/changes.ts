/** The change set for eyes: grouped by top folder, node_modules folded to a line, flagged paths always shown. */
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change, ChangeKind } from '@nexus/protocol/changes'
import { FLAG_WORDS, SIGNS } from '@nexus/protocol/change-words'
import { safePath } from '@nexus/protocol/readable'
import { plural } from '@nexus/protocol/words'
import type { Theme } from './theme.ts'

/** More of one folder are folded; when all together are more, every folder is. */
const SHOWN_PER_GROUP = 12
const SHOWN = 60

/** What a person sees of a change set: all of it with `all`, else at most SHOWN lines and the flagged paths. */
export function changeLines(changes: readonly Change[], theme: Theme, options: { all?: boolean } = {}): string[] {
  if (options.all) return changes.map((change) => changeLine(change, theme))
  const groups = grouped(changes, groupOf)
  const shown = [...groups].map(([group, members]) => ({ group, members, lines: isFolded(group, members) ? 1 : members.length }))
  const isLong = shown.reduce((sum, { lines }) => sum + lines, 0) > SHOWN
  const lines = shown.slice(0, isLong ? SHOWN : undefined).flatMap(({ group, members }) => groupLines(group, members, theme, isLong))
  const hidden = shown.slice(isLong ? SHOWN : shown.length).flatMap(({ members }) => members)
  return hidden.length === 0 ? lines : [...lines, theme.dim(`  … and ${plural(hidden.length, 'path')} in other folders`), ...flaggedLines(hidden, theme)]
}

export function grouped<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const members = groups.get(keyOf(item))
    if (members) members.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/** Folders whose content nobody reads path by path. */
export function isFolded(group: string, members: readonly unknown[]): boolean {
  return group.endsWith('node_modules/') || group === '.git/' || members.length > SHOWN_PER_GROUP
}

function groupLines(group: string, members: readonly Change[], theme: Theme, isLong: boolean): string[] {
  if (members.length === 1 || !(isLong || isFolded(group, members))) return members.map((change) => changeLine(change, theme))
  return [`  ${kindsOf(members, theme)} ${theme.strong(group === '' ? './' : group)} ${theme.dim(plural(members.length, 'path'))}`, ...flaggedLines(members, theme)]
}

function flaggedLines(changes: readonly Change[], theme: Theme): string[] {
  return changes.filter(isBlocking).map((change) => changeLine(change, theme))
}

export function changeLine(change: Change, theme: Theme): string {
  const name = change.from === undefined ? safePath(change.path) : `${safePath(change.from)} → ${safePath(change.path)}`
  const tail = isDirectory(change) ? '/' : ''
  const flags = flagWords(change)
  return `  ${colourOf(change.kind, theme)(SIGNS[change.kind])} ${name}${tail}${detailOf(change)}${flags === '' ? '' : theme.careful(`  ⚑ ${flags}`)}`
}

/** Why a path needs a second look; empty for most. That it lies in .git its path tells. */
export function flagWords({ flags }: Change): string {
  return flags.filter((flag) => flag !== 'git-internal').map((flag) => FLAG_WORDS[flag]).join(', ')
}

function detailOf({ kind, before, after }: Change): string {
  if (kind === 'type') return ` (${before?.type ?? '?'} → ${after?.type ?? '?'})`
  if (kind === 'meta' && before && after && before.mode !== after.mode) return ` (mode ${before.mode} → ${after.mode})`
  if (kind === 'meta' && before && after && before.mtimeNs !== after.mtimeNs) return ' (time)'
  return ''
}

function kindsOf(members: readonly Change[], theme: Theme): string {
  const kinds = [...new Set(members.map(({ kind }) => kind))]
  return kinds.map((kind) => colourOf(kind, theme)(`${SIGNS[kind]}${members.filter((member) => member.kind === kind).length}`)).join(' ')
}

function colourOf(kind: ChangeKind, theme: Theme): (text: string) => string {
  return kind === 'added' ? theme.good : kind === 'deleted' ? theme.bad : kind === 'meta' ? theme.dim : theme.careful
}

/** The top folder; node_modules wherever it lies. */
export function groupOf(change: Change): string {
  const path = safePath(change.path)
  const modules = path.match(/^(.*?\bnode_modules)(\/|$)/)?.[1]
  if (modules) return `${modules}/`
  const slash = path.indexOf('/')
  if (slash >= 0) return path.slice(0, slash + 1)
  return isDirectory(change) ? `${path}/` : ''
}

function isDirectory({ before, after }: Change): boolean {
  return (after ?? before)?.type === 'directory'
}
