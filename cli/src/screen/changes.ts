/** The change set for eyes: grouped by top folder, node_modules folded to a line, flagged paths always shown. */
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change, ChangeKind } from '@nexus/protocol/changes'
import { safePath } from './escape.ts'
import type { Theme } from './theme.ts'
import { plural } from './words.ts'

export const SIGNS: Record<ChangeKind, string> = { added: '+', modified: '~', deleted: '-', renamed: '→', type: '!', meta: '·' }
const FLAG_WORDS: Record<Change['flags'][number], string> = {
  'auto-exec': 'runs by itself later', 'nexus-settings': 'settings of Nexus', setuid: 'setuid', hardlink: 'one of several hard links', special: 'special file',
  'git-internal': 'inside .git', 'outside-symlink': 'link out of the project', 'base-moved': 'changed on the host during the run', xattrs: 'extended attributes', unreadable: 'unreadable',
}
/** More of one folder are folded. */
const SHOWN_PER_GROUP = 12

export function changeLines(changes: readonly Change[], theme: Theme, options: { all?: boolean } = {}): string[] {
  const groups = new Map<string, Change[]>()
  for (const change of changes) {
    const group = groupOf(change)
    groups.set(group, [...(groups.get(group) ?? []), change])
  }
  return [...groups].flatMap(([group, members]) => groupLines(group, members, theme, options.all ?? false))
}

function groupLines(group: string, members: readonly Change[], theme: Theme, all: boolean): string[] {
  const folded = !all && (group.endsWith('node_modules/') || group === '.git/' || members.length > SHOWN_PER_GROUP)
  if (!folded) return members.map((change) => changeLine(change, theme))
  const flagged = members.filter((change) => isBlocking(change))
  return [`  ${kindsOf(members, theme)} ${theme.strong(group === '' ? './' : group)} ${theme.dim(plural(members.length, 'path'))}`, ...flagged.map((change) => changeLine(change, theme))]
}

export function changeLine(change: Change, theme: Theme): string {
  const name = change.from === undefined ? safePath(change.path) : `${safePath(change.from)} → ${safePath(change.path)}`
  const tail = change.after?.type === 'directory' || (change.kind === 'deleted' && change.before?.type === 'directory') ? '/' : ''
  const flags = change.flags.filter((flag) => flag !== 'git-internal')
  return `  ${colourOf(change.kind, theme)(SIGNS[change.kind])} ${name}${tail}${detailOf(change)}${flags.length > 0 ? theme.careful(`  ⚑ ${flags.map((flag) => FLAG_WORDS[flag]).join(', ')}`) : ''}`
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
function groupOf(change: Change): string {
  const path = safePath(change.path)
  const modules = path.match(/^(.*?\bnode_modules)(\/|$)/)?.[1]
  if (modules) return `${modules}/`
  const slash = path.indexOf('/')
  return slash < 0 ? '' : path.slice(0, slash + 1)
}
