/** The exit code of `nexus run`: the command's own unless Nexus has something to say (CONTRACT in README, "Exit codes"). */
import { constants } from 'node:os'
import { isBlocking } from '@nexus/protocol/change-flags'
import { EXIT, exitCodeOfSignal } from '@nexus/protocol/exit-code'
import type { EndReason, Run } from '@nexus/protocol/runs'

const ENDS: Record<EndReason, number> = {
  killed: exitCodeOfSignal(9), limit: exitCodeOfSignal(9), 'timed-out': EXIT.timedOut, 'daemon-died': EXIT.failed, 'launcher-failed': EXIT.failed, 'unmapped-owner': EXIT.refused,
  'seal-failed': EXIT.failed, denied: EXIT.refused, interrupted: EXIT.interrupted, stuck: EXIT.failed,
}

export function exitCodeOfRun(run: Run, wish: 'keep' | 'apply' | 'discard'): number {
  if (run.status === 'waiting') return EXIT.waiting
  if (run.endReason) return ENDS[run.endReason]
  if (run.status === 'refused') return EXIT.refused
  const signal = run.signal === null ? undefined : constants.signals[run.signal as NodeJS.Signals]
  if (run.signal !== null) return exitCodeOfSignal(signal ?? 0)
  if (run.exitCode !== 0) return run.exitCode ?? EXIT.failed
  if (run.check && run.check.exitCode !== 0) return EXIT.checkFailed
  if (wish !== 'apply' || run.status === 'applied' || run.status === 'unchanged') return EXIT.ok
  return metMovedHost(run) ? EXIT.conflict : EXIT.waiting
}

/** The host is not what the run saw: found when it was applied, or already when the layer was sealed. */
export function metMovedHost({ conflicts, changes }: Run): boolean {
  return conflicts.length > 0 || changes.some(({ flags }) => flags.includes('base-moved'))
}

/** Why --apply was not carried out; undefined when it was, or was not asked for. */
export function whyNotApplied(run: Run): string | undefined {
  if (run.status !== 'kept') return undefined
  if (run.exitCode !== 0) return 'the command did not exit with 0'
  if (run.check && run.check.exitCode !== 0) return 'the check failed'
  if (run.verdict?.confirm) return `its verdict is critical: ${run.verdict.reasons[0] ?? ''}`
  if ((run.needs ?? []).length > 0) return 'it stands on a run that is not applied'
  if (metMovedHost(run)) return 'the host has changed since the run saw it'
  if (run.changes.some(isBlocking)) return 'it changes paths that need a second look (⚑)'
  return 'it was stopped before that, or could not be carried out: nexus daemon logs'
}
