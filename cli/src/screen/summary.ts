/** What a run did, in a few lines: exit, time, strength, changes, flags, what stayed outside, what to do next. */
import type { Run } from '@nexus/protocol/runs'
import { portLine } from '../publishing.ts'
import { changeLines } from './changes.ts'
import { missedNetwork } from '@nexus/protocol/missed-network'
import { safe, safePath } from '@nexus/protocol/readable'
import type { Level } from '@nexus/protocol/safety'
import { isGrave, LEVEL_SIGNS } from '@nexus/protocol/verdict-words'
import type { Theme } from './theme.ts'
import { paintOf } from './explanation.ts'
import { cut } from './width.ts'
import { agentWords, allowingLine, breachWords, bytes, commandLine, duration, plural } from '@nexus/protocol/words'

export function summaryLines(run: Run, theme: Theme, options: { all?: boolean } = {}): string[] {
  return [headline(run, theme), ...verdictLines(run, theme), ...stackLines(run, theme), ...strengthLines(run, theme), ...(run.ports ?? []).map((port) => `  ${portLine(port, theme)}`), ...noteLines(run, theme), ...changeBlock(run, theme, options), ...conflictLines(run, theme), ...keptLines(run, theme), ...outsideLines(run, theme), ...agentLines(run, theme), ...denialLines(run, theme), ...missedLines(run, theme), ...secretLines(run, theme), ...storedLines(run, theme), ...checkLines(run, theme)]
}

function headline(run: Run, theme: Theme): string {
  const parts = [theme.strong(run.id), endOf(run, theme)]
  if (run.durationMs !== null) parts.push(duration(run.durationMs))
  parts.push(run.status)
  if (run.verdict) parts.push(verdictWord(run.verdict.level, theme))
  return `${parts.join(theme.dim(' · '))}${run.flags.includes('host-network') ? theme.bad('  host network') : ''}`
}

export function endOf(run: Pick<Run, 'exitCode' | 'signal' | 'endReason' | 'breach' | 'status'>, theme: Theme): string {
  if (run.breach) return theme.bad(`ended: ${breachWords(run.breach)}`)
  if (run.endReason) return theme.bad(`ended: ${run.endReason}`)
  if (run.signal) return theme.bad(`signal ${run.signal}`)
  if (run.exitCode === null) return theme.dim('not run')
  return run.exitCode === 0 ? theme.good('✓ exit 0') : theme.bad(`✗ exit ${run.exitCode}`)
}

/** Where it stands, when that is not the host. */
function stackLines({ needs = [], appliedWith }: Run, theme: Theme): string[] {
  if (appliedWith) return [theme.dim(`  applied as one with ${appliedWith}`)]
  return needs.length === 0 ? [] : [theme.dim(`  stands on ${needs.at(-1)}${needs.length > 1 ? ` and ${needs.length - 1} more` : ''}, not applied yet; its changes count from there`)]
}

/** A sign and a word, so that colour is never alone. */
function verdictWord(level: Level, theme: Theme): string {
  return paintOf(level, theme)(`${LEVEL_SIGNS[level]} ${level}`)
}

/** Why, where it is grave; what was seen to raise it, always. */
function verdictLines({ verdict }: Run, theme: Theme): string[] {
  if (!verdict || !(isGrave(verdict.level) || verdict.before)) return []
  const raised = verdict.before ? [theme.dim(`  ${verdict.before} by its text, ${verdict.level} by what it did`)] : []
  return [...raised, ...(isGrave(verdict.level) ? verdict.reasons.slice(0, 3).map((reason) => `  ${paintOf(verdict.level, theme)(LEVEL_SIGNS[verdict.level])} ${safe(reason)}`) : [])]
}

/** Full strength is silent; anything less is said every time. */
function strengthLines(run: Run, theme: Theme): string[] {
  if (run.strength === 'full') return []
  const missing = run.walls.filter((wall) => wall.required && !wall.up).map(({ name, cause }) => (cause ? `${name} (${cause})` : name))
  return [`  ${theme.careful(`strength: ${run.strength}`)}${missing.length > 0 ? ` — missing: ${missing.join(', ')}` : run.backend === 'copy' ? ` — the project is copied, not overlaid${because(run)}` : ''}`]
}

function because({ walls }: Run): string {
  const cause = walls.find(({ name }) => name === 'overlay')?.cause
  return cause ? `: ${safe(cause)}` : ''
}

function noteLines({ notes = [] }: Run, theme: Theme): string[] {
  return notes.map((note) => `  ${theme.careful('settings')} ${safe(note)}`)
}

function changeBlock(run: Run, theme: Theme, options: { all?: boolean }): string[] {
  if (run.changes.length === 0) return run.status === 'unchanged' ? [theme.dim('  nothing would change')] : []
  const { counts } = run
  const words = [`${counts.added} added`, `${counts.modified} modified`, `${counts.deleted} deleted`, `${counts.renamed} renamed`, `${counts.type} of another type`, `${counts.meta} metadata`]
  return [theme.dim(`  ${words.filter((word) => !word.startsWith('0 ')).join(', ')}`), ...changeLines(run.changes, theme, options)]
}

function conflictLines(run: Run, theme: Theme): string[] {
  return run.conflicts.map(({ path, reason, detail }) => `  ${theme.bad(`✗ conflict: ${reason}`)} ${safePath(path)}${detail ? theme.dim(` — ${safe(detail)}`) : ''}`)
}

function keptLines({ keptPaths = [] }: Run, theme: Theme): string[] {
  return keptPaths.map((path) => `  ${theme.dim("kept the host's:")} ${safePath(path)}`)
}

function outsideLines(run: Run, theme: Theme): string[] {
  if (run.outside.length === 0) return []
  const shown = run.outside.slice(0, 3).map(({ path, size }) => `${safePath(path)} (${bytes(size)})`)
  const more = run.outside.length > 3 ? `, and ${run.outside.length - 3} more` : ''
  return [theme.dim(`  left outside the project, never applied: ${shown.join(', ')}${more}`)]
}

/** By its own word: nobody else has counted. */
function agentLines({ id, agent }: Run, theme: Theme): string[] {
  if (!agent) return []
  const { transcript } = agent
  return [theme.dim(`  ${safe(agentWords(agent))}`), ...(transcript ? [theme.dim(`  nexus transcript ${id}: ${plural(transcript.entries, 'entry', 'entries')}${transcript.mixed ? ', some of which may be of another one that worked here at the same time' : ''}`)] : [])]
}

/** What the walls turned away is often the reason of a failure that looks like another. */
function denialLines(run: Run, theme: Theme): string[] {
  const shown = run.denials.slice(0, 5).flatMap((denial) => {
    const { kind, target, count, why } = denial
    const allow = allowingLine(run, denial)
    const line = `  ${theme.careful('denied')} ${kind} ${safe(target)}${count > 1 ? ` ${count} times` : ''}: ${safe(why)}`
    return allow === undefined ? [line] : [line, theme.dim(`    to allow it: ${safe(allow)}`)]
  })
  return run.denials.length > 5 ? [...shown, theme.dim(`  … and ${run.denials.length - 5} more denials`)] : shown
}

function missedLines(run: Run, theme: Theme): string[] {
  const missed = missedNetwork(run)
  if (!missed) return []
  return [`  ${theme.careful('no network')}${missed.hosts.length > 0 ? ` it looked for ${missed.hosts.join(', ')}` : ' and it looked for one'}`, theme.dim(`    to allow it: ${missed.allow}`)]
}

/** Which of the caller's secrets it had, and that its output is not byte for byte what it said. */
function secretLines({ handed = [], redacted = 0 }: Run, theme: Theme): string[] {
  return [
    ...(handed.length > 0 ? [theme.dim(`  handed to it: ${handed.map(safe).join(', ')}`)] : []),
    ...(redacted > 0 ? [`  ${theme.careful('redacted')} ${redacted === 1 ? 'a secret' : `${redacted} secrets`} in the output`] : []),
  ]
}

/** The record never claims to be whole when it is not. */
function storedLines({ truncated: { stored } }: Run, theme: Theme): string[] {
  return stored ? [`  ${theme.careful('output cut')}: more than ${bytes(stored.limitBytes)} were printed; ${bytes(stored.leftOutBytes)} in the middle are not stored`] : []
}

function checkLines(run: Run, theme: Theme): string[] {
  if (!run.check) return []
  const passed = run.check.exitCode === 0
  const how = passed ? theme.good('✓ check passed') : theme.bad(`✗ check failed (${run.check.signal ?? `exit ${run.check.exitCode ?? '?'}`})`)
  return [`  ${how}  ${safe(run.check.command)} ${theme.dim(duration(run.check.durationMs))}`]
}

/** The command lines that make sense now. */
export function nextSteps(run: Run): string[] {
  if (run.status === 'waiting') return [`nexus approve ${run.id}`, `nexus approve ${run.id} --deny`]
  if (run.status === 'stale') return [...(run.next ? [run.next] : []), `nexus discard ${run.id}`]
  if (run.status === 'kept' && run.conflicts.length > 0) return [`nexus conflicts ${run.id}`, `nexus apply ${run.id} --merge`, `nexus rerun ${run.id}`]
  if (run.status === 'kept' && (run.needs ?? []).length > 0) return [`nexus diff ${run.id} --against host`, `nexus apply ${run.id} --with-parents`, `nexus discard ${run.id}`]
  if (run.status === 'kept') return [`nexus diff ${run.id}`, `nexus apply ${run.id}`, `nexus discard ${run.id}`]
  if (run.status === 'applied' && run.appliedWith) return [`nexus rollback ${run.appliedWith}`]
  if (run.status === 'applied') return [...(run.appliedPaths.length + (run.keptPaths?.length ?? 0) < run.changes.length ? [`nexus apply ${run.id}`] : []), `nexus rollback ${run.id}`]
  if (run.status === 'failed') return run.endReason === 'launcher-failed' ? ['nexus doctor'] : [`nexus show ${run.id}`, `nexus discard ${run.id}`]
  return []
}

export function listLine(run: Pick<Run, 'id' | 'status' | 'counts' | 'exitCode' | 'signal' | 'endReason' | 'command' | 'verdict' | 'ports'>, when: string, theme: Theme, width: number): string {
  const total = Object.values(run.counts).reduce((sum, count) => sum + count, 0)
  const head = `${run.id}  ${run.status.padEnd(11)} ${plural(total, 'change').padEnd(12)} ${when.padEnd(11)} `
  // The word only where it is grave: the line is short, and a sign that is not alone says the rest.
  const level = run.verdict?.level
  const sign = level === undefined ? '' : `${LEVEL_SIGNS[level]}${isGrave(level) ? ` ${level}:` : ''} `
  const ports = (run.ports ?? []).map(({ host }) => `:${host} `).join('')
  const line = cut(safe(commandLine(run.command)), Math.max(10, width - head.length - sign.length - ports.length))
  return `${theme.strong(run.id)}${head.slice(run.id.length)}${level === undefined ? '' : paintOf(level, theme)(sign)}${theme.accent(ports)}${line}`
}
