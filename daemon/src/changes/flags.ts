/** What a reviewer must know about a changed path before saying yes. */
import type { ChangeFlag, ChangeKind, Signature } from '@nexus/protocol/changes'
import { fromBytes } from '@nexus/protocol/bytes'
import { fromText, type BytePath } from './byte-path.ts'
import { runsByItself } from './runs-by-itself.ts'
import { isSpecial } from './seen.ts'

export function flagsOf(path: BytePath, project: string, kind: ChangeKind, before: Signature | undefined, after: Signature | undefined): ChangeFlag[] {
  const flags: ChangeFlag[] = []
  const names = path.split('/')
  if (names.includes('.git')) flags.push('git-internal')
  if (names[0] === '.nexus') flags.push('nexus-settings')
  if (runsByItself(path, after ?? before)) flags.push('auto-exec')
  if (after?.type === 'file' && (Number.parseInt(after.mode, 8) & 0o6000) !== 0) flags.push('setuid')
  if ((before && isSpecial(before.type)) || (after && isSpecial(after.type))) flags.push('special')
  if (kind !== 'deleted' && after?.linkTarget !== undefined && leadsOutside(path, project, fromBytes(after.linkTarget).toString('latin1'))) flags.push('outside-symlink')
  return flags
}

/** By its text alone: nothing is followed. */
function leadsOutside(path: BytePath, project: string, target: string): boolean {
  const top = fromText(project)
  if (target.startsWith('/')) return target !== top && !(target.startsWith(`${top}/`) && stays(target.slice(top.length + 1).split('/')))
  return !stays([...path.split('/').slice(0, -1), ...target.split('/')])
}

function stays(names: readonly string[]): boolean {
  let depth = 0
  for (const name of names) {
    if (name === '' || name === '.') continue
    depth += name === '..' ? -1 : 1
    if (depth < 0) return false
  }
  return true
}
