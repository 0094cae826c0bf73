/** What an apply or a rollback did, or why it did nothing. */
import type { ApplyResult } from '@nexus/protocol/runs'
import type { Invocation } from '../command.ts'
import { safe, safePath } from './escape.ts'
import { plural } from './words.ts'

const REASONS: Record<ApplyResult['conflicts'][number]['reason'], string> = {
  changed: 'the host has something else by now', appeared: 'something is there that the run did not see', vanished: 'it is gone from the host',
  parent: 'a folder on its way is not the one the run saw', 'base-moved': 'it changed on the host while the command ran', 'not-empty': 'the folder holds files that the run did not see',
  hardlink: 'it has other names (hard links): name it to break the link', special: 'sockets, pipes and devices are never applied', io: 'it could not be read or written',
}

export function tellOutcome({ print, tell, theme, errorTheme }: Invocation, verb: 'applied' | 'rolled back', { run, applied, conflicts }: ApplyResult): void {
  for (const { path, reason, detail } of conflicts) tell(`${errorTheme.bad('✗ conflict')} ${safePath(path)}: ${REASONS[reason]}${detail ? ` (${safe(detail)})` : ''}`)
  if (conflicts.length > 0) {
    tell(`nothing was ${verb}: ${plural(conflicts.length, 'conflict')}`)
    tell(verb === 'applied' ? `  next: nexus apply ${run.id} PATH… for the others, or run the command again on the new base` : '  next: put those paths back as the run left them, or keep them')
    return
  }
  if (applied.length === 0) print(theme.dim(`nothing was left to be ${verb}`))
  else print(`${theme.good(`✓ ${verb}`)} ${plural(applied.length, 'path')}${verb === 'applied' ? theme.dim(`  take it back: nexus rollback ${run.id}`) : ''}`)
}
