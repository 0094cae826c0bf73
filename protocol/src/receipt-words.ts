/** A receipt as a person reads it; both clients say the same. */
import type { EndedRun, Receipt, Written } from './receipt.ts'
import { moment, plural } from './words.ts'

/** In one line: what became of the host. */
export function hostWords(receipt: Receipt): string {
  const { sinceAt, endedAt, written } = receipt
  const count = written.filter(({ end }) => end !== 'undone').length
  const open = written.some(({ end }) => end === 'under-way' || end === 'stuck')
  if (sinceAt === null) return open ? 'nothing was running; what a person decided is under way' : 'nothing was running'
  const from = `since ${moment(sinceAt, endedAt)}, when ${receipt.runs.length === 1 ? 'it' : 'the first'} began`
  if (written.length === 0) return `no file was written ${from}`
  if (count === 0) return `as it was ${from}: what was begun was taken back`
  return `written ${from}`
}

/** What one apply or rollback did, without its paths. */
export function writtenWords({ run, direction, end, paths }: Written): string {
  const noun = direction === 'apply' ? 'apply' : 'rollback'
  if (end === 'undone') return `${noun} of ${run} was taken back: as it was before`
  if (end === 'under-way') return `${noun} of ${run} is under way: all of it comes to its end`
  if (end === 'stuck') return `${noun} of ${run} stopped half-way: nexus show ${run}`
  return `${direction === 'apply' ? 'applied' : 'rolled back'} ${run}${paths === null ? '' : `, ${plural(paths.length, 'path')}`}`
}

/** What was not ended, if anything; and what ended only by half. */
export function leftWords({ id, was, isEnding, stuck }: EndedRun): string | undefined {
  if (stuck) return `cannot be ended, it waits inside the kernel: ${stuck.join(', ')}`
  if (isEnding) return `is still ending: nexus show ${id}`
  if (was === 'queued') return 'had not begun'
  return was === 'check' ? 'its check was stopped' : undefined
}

/** Which of them had a network, and to where: a receipt knows nothing of what went there. Undefined where none had. */
export function reachWords({ runs }: Receipt): string | undefined {
  const reached = new Set(runs.flatMap(({ reach, was }) => (reach === 'off' || was === 'queued' ? [] : reach === 'on' ? ['all of the network'] : reach)))
  return reached.size === 0 ? undefined : [...reached].join(', ')
}
