/** A verification for eyes: a line per check, its first failures with their places, what to look at next. */
import { safe } from '@nexus/protocol/readable'
import type { Failure, Summary, Verification, VerifyCheck } from '@nexus/protocol/verify'
import { commandLine, duration, plural } from '@nexus/protocol/words'
import type { Theme } from './theme.ts'

const SHOWN_FAILURES = 5
const SHOWN_LINES = 4

export function checkLines(check: VerifyCheck, theme: Theme): string[] {
  const { kind, command, folder, durationMs } = check
  const sign = check.status === 'passed' ? theme.good('✓') : check.status === 'left-out' ? theme.dim('-') : theme.bad('✗')
  const where = folder === '.' ? '' : theme.dim(` in ${safe(folder)}`)
  const facts = [endOf(check), ...(durationMs === null ? [] : [duration(durationMs)]), ...countsOf(check)]
  const head = `${sign} ${kind.padEnd(5)} ${safe(commandLine(command))}${where}  ${theme.dim(facts.join(', '))}`
  if (check.status !== 'failed') return [head]
  return [head, ...failureLines(check.summary?.failures ?? [], theme), ...(check.run === undefined ? [] : [`    ${theme.dim('next:')} nexus show ${check.run} --output`])]
}

export function closingLines({ status, checks, durationMs }: Verification, theme: Theme): string[] {
  const count = (wanted: VerifyCheck['status']) => checks.filter((check) => check.status === wanted).length
  const parts = [`${count('passed')} of ${plural(checks.length, 'check')} passed`, ...(count('left-out') > 0 ? [`${count('left-out')} left out`] : []), ...(durationMs === null ? [] : [duration(durationMs)])]
  const word = status === 'passed' ? theme.good('verified') : status === 'stopped' ? theme.careful('stopped') : theme.bad('failed')
  return [`${word}: ${parts.join(', ')}`]
}

function endOf({ status, exitCode, signal, endReason, why }: VerifyCheck): string {
  if (status === 'left-out') return `left out: ${safe(why ?? '')}`
  if (endReason) return `ended: ${endReason}`
  if (signal) return `signal ${signal}`
  if (exitCode === 127) return 'exit 127: the command is not there'
  return exitCode === 0 ? 'passed' : `exit ${exitCode ?? '?'}`
}

/** Where nobody counted, that is said. */
function countsOf({ status, kind, summary }: VerifyCheck): string[] {
  if (status === 'left-out') return []
  if (summary === null) return kind === 'test' ? ['by its exit code alone'] : []
  if (summary.passed + summary.failed + summary.skipped === 0 && summary.failures.length > 0) return [`${plural(summary.failures.length, 'error')} (${summary.runner})`]
  return [`${numbers(summary)} (${summary.runner}${summary.partial ? ', of a part of its output' : ''})`]
}

function numbers({ passed, failed, skipped }: Summary): string {
  return [`${passed} passed`, ...(failed > 0 ? [`${failed} failed`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')
}

function failureLines(failures: readonly Failure[], theme: Theme): string[] {
  const lines = failures.slice(0, SHOWN_FAILURES).flatMap(({ name, file, line, message }) => {
    const place = file === undefined ? '' : `  ${theme.accent(safe(line === undefined ? file : `${file}:${line}`))}`
    return [`    ${theme.bad('✗')} ${safe(name)}${place}`, ...message.split('\n').slice(0, SHOWN_LINES).map((one) => theme.dim(`      ${safe(one)}`))]
  })
  return failures.length > SHOWN_FAILURES ? [...lines, theme.dim(`    … and ${failures.length - SHOWN_FAILURES} more`)] : lines
}
