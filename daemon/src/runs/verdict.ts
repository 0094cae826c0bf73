/**
 * The verdict in the life of a run: found from the command's text before it runs, raised by what it was seen to do. What a
 * layer holds asks nothing before it runs; what leaves it does. A critical verdict wants a person's word before an apply, unless
 * all that made it critical lies where an apply never reaches.
 */
import type { Change } from '@nexus/protocol/changes'
import { isBlocking } from '@nexus/protocol/change-flags'
import { showBytes } from '@nexus/protocol/bytes'
import type { Denial, Net } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import type { RunRequest } from '@nexus/protocol/runs'
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { Level } from '@nexus/protocol/safety'
import { isGrave, rankOf } from '@nexus/protocol/verdict-words'
import { commandLine } from '@nexus/protocol/words'
import type { Effect } from '../safety/effect.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import type { Verdict } from '../safety/verdict.ts'

/** Judges a command line by its text. */
export type Judge = (question: { command: string; cwd: string; project: string }) => Pick<Verdict, 'level' | 'reasons' | 'effects'>

const REASONS_MAX = 8
const REASON_MAX_CHARACTERS = 300

/** Who is changed by it is elsewhere: no layer holds it, no rollback takes it back. */
const LEAVES: ReadonlySet<Effect['kind']> = new Set(['remote.add', 'remote.write', 'remote.destroy', 'publish', 'secret.send'])
/** An apply carries nothing of what happened here: it was private inside, or was not there at all. */
const NEVER_APPLIED: ReadonlySet<Effect['scope']> = new Set(['temp', 'home', 'system', 'vital', 'startup', 'audit', 'device', 'sibling', 'secret', 'none'])

export function verdictBefore(judge: Judge, { command, agent, net }: Pick<RunRequest, 'command' | 'agent'> & { readonly net: Net | undefined }, place: { readonly cwd: string; readonly project: string }): RunVerdict {
  // Its words are a task in a human language: what it does is seen, not read.
  if (agent !== undefined) return { level: 'caution', reasons: ['an agent at work: what it did is in the change set'] }
  const { level, reasons, effects } = judge({ command: commandLine(command), cwd: place.cwd, project: place.project })
  const leaves = net === undefined || net === 'off' ? [] : effects.filter(({ kind }) => LEAVES.has(kind)).map(({ program, target }) => `${program}: ${target}`)
  const mustConfirm = level === 'critical' && effects.some((effect) => effect.level === 'critical' && !NEVER_APPLIED.has(effect.scope))
  return { level, reasons: short(reasons), ...(leaves.length > 0 ? { leaves: short([...new Set(leaves)]) } : {}), ...(mustConfirm ? { confirm: true } : {}) }
}

/**
 * Why a person decides before anything runs: what leaves the layer no rollback takes back, and a back end weaker than the best
 * was taken by Nexus, not by the caller.
 */
export function causeToWait(verdict: RunVerdict | null, { strength, cause }: Pick<Choice, 'strength' | 'cause'>, asked: RunRequest['backend']): string | undefined {
  return verdict?.leaves?.join('; ') ?? (strength === 'weak' && asked === 'auto' ? (cause ?? 'weak') : undefined)
}

export interface Seen {
  readonly changes: readonly Change[]
  readonly denials: readonly Denial[]
  readonly outside: number
}

/**
 * What was seen may raise a verdict, never lower it: when the run ended, and again after each shell in its layer. What is as grave
 * as the text was already is told all the same: the text may have been grave for something that an apply never carries.
 */
export function verdictAfter(known: RunVerdict, seen: Seen): RunVerdict {
  const found = observed(seen)
  const level = found.map((one) => one.level).reduce((most, one) => (rankOf(one) > rankOf(most) ? one : most), known.level)
  const grave = found.filter((one) => one.level === level && (level !== known.level || (isGrave(level) && !known.confirm))).map(({ reason }) => reason)
  if (grave.length === 0) return known
  const raised = level === known.level ? {} : { level, before: known.before ?? known.level }
  return { ...known, ...raised, reasons: short([...new Set([...grave, ...known.reasons])]), ...(found.some((one) => one.level === 'critical') ? { confirm: true } : {}) }
}

interface Observation {
  readonly level: Level
  readonly reason: string
}

function observed({ changes, denials, outside }: Seen): Observation[] {
  const lost = changes.find(({ path, kind }) => kind === 'deleted' && /(^|\/)\.git(\/HEAD|\/objects)?$/.test(showBytes(path)))
  const later = changes.filter((change) => isBlocking(change) && change.flags.some((flag) => flag === 'auto-exec' || flag === 'setuid' || flag === 'nexus-settings'))
  const [denied] = denials
  return [
    ...(lost ? [{ level: 'critical', reason: `it deleted the history: ${showBytes(lost.path)}` } as const] : []),
    ...(later[0] ? [{ level: 'dangerous', reason: `it changed what runs by itself later: ${showBytes(later[0].path)}${later.length > 1 ? ` and ${later.length - 1} more` : ''}` } as const] : []),
    ...(changes.length > 0 ? [{ level: 'caution', reason: 'it changed files of the project' } as const] : []),
    ...(denied ? [{ level: 'caution', reason: `it tried to reach ${denied.target}` } as const] : []),
    ...(outside > 0 ? [{ level: 'caution', reason: 'it left files outside the project' } as const] : []),
  ]
}

/** Throws Problem `critical-unconfirmed`. */
export function requireConfirmed(run: string, verdict: RunVerdict | null, confirm: string | undefined): void {
  if (verdict?.confirm && confirm !== 'critical') throw new Problem('critical-unconfirmed', { run, reason: verdict.reasons[0] ?? 'it is critical' })
}

function short(reasons: readonly string[]): string[] {
  return reasons.slice(0, REASONS_MAX).map((reason) => (reason.length > REASON_MAX_CHARACTERS ? `${reason.slice(0, REASON_MAX_CHARACTERS)}…` : reason))
}
