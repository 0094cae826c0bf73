/** A conflict for eyes: what the run saw, what the host has, what would be written, and what may be done. */
import { CONFLICT_WORDS } from '@nexus/protocol/change-words'
import type { Conflict, OpenConflict, Signature } from '@nexus/protocol/changes'
import { safe, safePath } from '@nexus/protocol/readable'
import { paintPatch } from './patch.ts'
import type { Theme } from './theme.ts'
import { bytes, plural } from '@nexus/protocol/words'

/** One conflict with its three sides. */
export function conflictBlock(conflict: OpenConflict, theme: Theme): string[] {
  const { path, reason, detail, expected, found, after } = conflict
  return [
    `${theme.bad('✗')} ${theme.strong(safePath(path))}: ${CONFLICT_WORDS[reason]}${detail ? theme.dim(` (${safe(detail)})`) : ''}`,
    ...sides([['the run saw', expected], ['the host has', found], ['would be written', after]]).map((line) => `    ${line}`),
    `    ${mergeWords(conflict, theme)}`,
    ...patchLines(conflict, theme),
  ]
}

/** The three sides of a conflict in one line, as far as they say something. */
export function sidesLine({ expected, found, after }: Conflict): string {
  return [`saw ${sideWords(expected)}`, `host ${sideWords(found)}`, `run ${sideWords(after)}`].join(' · ')
}

function mergeWords({ merge, overlaps = 0, why }: OpenConflict, theme: Theme): string {
  if (merge === 'clean') return theme.good('both sides merge cleanly')
  if (merge === 'overlaps') return theme.careful(`no clean merge: ${plural(overlaps, 'place')} where both changed the same lines`)
  return theme.dim(`no merge: ${why ?? 'there are no lines to join'}`)
}

function sides(named: readonly (readonly [string, Signature | undefined])[]): string[] {
  const width = Math.max(...named.map(([name]) => name.length))
  return named.map(([name, side]) => `${name.padEnd(width)}  ${sideWords(side)}`)
}

function sideWords(side: Signature | undefined): string {
  if (!side) return 'nothing'
  if (side.type === 'symlink') return `link to ${safePath(side.linkTarget ?? '')}`
  return side.type === 'file' ? `file ${side.mode} ${bytes(side.size)} ${side.sha256?.slice(0, 8) ?? ''}`.trimEnd() : `${side.type} ${side.mode}`
}

function patchLines({ patches }: OpenConflict, theme: Theme): string[] {
  if (!patches) return []
  const parts: [string, string | undefined][] = patches.host === undefined && patches.run === undefined
    ? [["the host's version, and the run's in its place", patches.taken]]
    : [['what the host changed since the run saw it', patches.host], ['what the run changed', patches.run], ['the merge, from the host', patches.merged]]
  return parts.flatMap(([title, patch]) => (patch ? [`  ${theme.accent(`── ${title} ──`)}`, ...paintPatch(patch.trimEnd(), theme).split('\n')] : []))
}
