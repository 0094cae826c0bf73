/** How a run ended, in a few words. */
import type { RunLine } from '@nexus/protocol/view'
import { breachWords } from '@nexus/protocol/words'

const REASONS: Readonly<Record<NonNullable<RunLine['endReason']>, string>> = {
  killed: 'stopped', 'timed-out': 'timed out', 'daemon-died': 'the daemon went away', 'launcher-failed': 'the sandbox could not be set up', 'unmapped-owner': 'foreign owner',
  'seal-failed': 'its layer could not be read', denied: 'denied', interrupted: 'interrupted', stuck: 'does not end', limit: 'ended by a limit',
}

export function endOf({ endReason, breach, signal, exitCode }: Pick<RunLine, 'endReason' | 'breach' | 'signal' | 'exitCode'>): { words: string; isBad: boolean } | undefined {
  if (breach) return { words: breachWords(breach), isBad: true }
  if (endReason) return { words: REASONS[endReason], isBad: true }
  if (signal) return { words: signal, isBad: true }
  if (exitCode === null) return undefined
  return { words: `exit ${exitCode}`, isBad: exitCode !== 0 }
}
