/** What an apply or a rollback did, or why it did nothing. */
import { CONFLICT_WORDS } from '@nexus/protocol/change-words'
import type { ApplyResult, Run } from '@nexus/protocol/runs'
import type { Invocation } from '../command.ts'
import { safe, safePath } from '@nexus/protocol/readable'
import { plural } from '@nexus/protocol/words'

export function tellOutcome({ print, tell, theme, errorTheme }: Invocation, verb: 'applied' | 'rolled back', { run, applied, conflicts }: ApplyResult, needs: Run['needs'] = []): void {
  for (const { path, reason, detail } of conflicts) tell(`${errorTheme.bad('✗ conflict')} ${safePath(path)}: ${CONFLICT_WORDS[reason]}${detail ? ` (${safe(detail)})` : ''}`)
  if (conflicts.length > 0) {
    tell(`nothing was ${verb}: ${plural(conflicts.length, 'conflict')}`)
    const together = needs.length > 0 ? ' --with-parents' : ''
    const steps = verb === 'applied'
      ? [`nexus conflicts ${run.id}  shows both sides`, `nexus apply ${run.id}${together} --merge  joins them`, `nexus rerun ${run.id}  runs the command again on the new base`]
      : ['put those paths back as the run left them, or keep them']
    for (const step of steps) tell(`  next: ${step}`)
    return
  }
  if (applied.length === 0) print(theme.dim(`nothing of ${run.id} was left to be ${verb}`))
  else print(`${theme.good(`✓ ${verb}`)} ${plural(applied.length, 'path')}${verb === 'applied' ? theme.dim(`  take it back: nexus rollback ${run.id}`) : ''}`)
}
