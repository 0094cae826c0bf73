/** The same command once more, over what is now where the run stood; when that has ended well, the run before it is stale. */
import { Problem } from '@nexus/protocol/problem'
import type { RerunRequest, RunRequest } from '@nexus/protocol/runs'
import { interactiveShell } from './command.ts'
import type { Handed, Lines } from './handed.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { aboveOf, belowOf, requireGround, staleMove } from './stack.ts'

/** What is asked of the new run: everything as it was, the environment as the caller has it now, if it has one. Throws Problem. */
export function repeated(row: RunRow, lines: Lines, { env, umask, stdin, wish, pty, asks, handed: declared }: Pick<RerunRequest, 'env' | 'umask' | 'stdin' | 'wish' | 'pty' | 'asks' | 'handed'>): RunRequest {
  if (['queued', 'waiting', 'running', 'applying', 'rolling-back'].includes(row.status)) throw new Problem('wrong-status', { run: row.id, status: row.status, action: 'run again' })
  requireNoShell(row)
  const { pty: _, on: __, refill, handedNames, isRedacted: ___, ...request } = row.request
  return { ...request, ...lines, ...handedAgain({ refill, handedNames }, declared), cwd: row.cwd, project: row.project, env: env ?? row.request.env, umask: umask ?? row.request.umask, stdin, wish, asks, ...(pty ? { pty } : {}) }
}

/** Of a run that is only stopped to be started again. Throws Problem: wrong-status, handed-gone. */
export function requireRepeatable(row: RunRow, handed: Pick<Handed, 'linesOf'>, declared: RerunRequest['handed']): void {
  requireNoShell(row)
  handed.linesOf(row)
  const { handedNames } = handedAgain(row.request, declared)
  if (handedNames) throw new Problem('handed-gone', { names: handedNames.join(', ') })
}

/** What a person typed into a shell of the layer is not repeated by starting a shell. */
function requireNoShell({ id, request, command }: RunRow): void {
  if (request.pty && command.join('\0') === interactiveShell().join('\0')) throw new Problem('wrong-status', { run: id, status: 'a terminal that a person typed into', action: 'run again' })
}

/** From where Nexus keeps it, and from what the caller's settings declare. Where not all of it is there, the names alone: such a run is never started. */
function handedAgain({ refill: { kept, keys } = { kept: [], keys: [] }, handedNames }: Pick<RunRequest, 'refill' | 'handedNames'>, declared: RerunRequest['handed']): Pick<RunRequest, 'handed' | 'handedNames'> {
  if (!handedNames) return {}
  const env = Object.fromEntries(Object.entries(declared?.env ?? {}).filter(([name]) => handedNames.includes(name)))
  const there = new Set([...Object.keys(env), ...kept, ...keys.map(({ name, rule }) => `${name}@${rule}`)])
  return handedNames.every((name) => there.has(name)) ? { handed: { env, secrets: {}, kept, keys } } : { handedNames }
}

/** A repetition that failed leaves the old run as it was: its change set may be the better one. */
export function supersede(ledger: Ledger, by: RunRow, actor: string): void {
  if (by.rerunOf === null || by.endReason !== null || by.exitCode !== 0) return
  const old = ledger.row(by.rerunOf)
  const next = `nexus show ${by.id}`
  if (old.status === 'stale' && old.staleBy !== null) return ledger.note(old.id, 'run.superseded', actor, { next, staleBy: null }, { by: by.id })
  if (old.status !== 'kept' && old.status !== 'unchanged') return
  const above = aboveOf(ledger, old.id).flatMap((row) => staleMove(row, old.id, actor))
  ledger.moveAll([{ run: old.id, to: 'stale', event: 'run.superseded', actor, action: 'superseded', payload: { by: by.id }, fields: { next } }, ...above])
}

/**
 * What a repetition is made over: what the run stood on, or what took its place since; the host, when that is applied.
 * Throws Problem `wrong-status` when that cannot be.
 */
export function groundFor(ledger: Ledger, row: RunRow): RunRow | null {
  const [below] = belowOf(ledger, row)
  if (!below || below.status === 'applied') return null
  const now = newestOf(ledger, below)
  if (now.status === 'applied') return null
  if (now.status === 'stale') throw new Problem('wrong-status', { run: now.id, status: 'stale', action: `built upon: repeat it first, nexus rerun ${now.id}` })
  requireGround(ledger, now)
  return now
}

/** The run itself, or the last of those that repeat it because it was stale. */
function newestOf(ledger: Ledger, row: RunRow): RunRow {
  const next = row.status === 'stale' ? ledger.repetitionOf(row.id) : undefined
  return next ? newestOf(ledger, next) : row
}
