/**
 * What a client shows of the runs, as a pure fold over the log: begin with a list and the sequence number it was asked
 * at, then fold every event after that number. An event that the list already knew changes nothing when it comes again.
 */
import type { Event } from './events.ts'
import type { RunSummary } from './runs.ts'

export type RunLine = Pick<RunSummary,
  'id' | 'project' | 'command' | 'cwd' | 'status' | 'endReason' | 'breach' | 'strength' | 'backend' | 'exitCode' | 'signal' | 'createdAt' | 'startedAt' | 'durationMs' | 'counts' | 'digest' | 'verdict' | 'ports'>

export interface View {
  /** The newest event that is in this view. */
  readonly seq: number
  /** The kill switch is on. */
  readonly killed: boolean
  /** Newest first. */
  readonly runs: readonly RunLine[]
}

export function viewFrom(status: { readonly head: number; readonly killed: boolean }, runs: readonly RunLine[]): View {
  return { seq: status.head, killed: status.killed, runs }
}

/** Runs that no event touched stay the same objects: a screen redraws only the others. */
export function fold(view: View, events: readonly Event[]): View {
  const fresh = events.filter(({ seq }) => seq > view.seq)
  const last = fresh.at(-1)
  if (!last) return view
  const runs = new Map(view.runs.map((run) => [run.id, run]))
  const begun: RunLine[] = []
  let { killed } = view
  for (const event of fresh) {
    if (event.type === 'system.killed') killed = true
    else if (event.type === 'system.released') killed = false
    if (!event.type.startsWith('run.')) continue
    const known = runs.get(event.subject)
    const next = known ? moved(known, event) : event.type === 'run.queued' ? queued(event) : undefined
    if (!next) continue
    if (!known) begun.unshift(next)
    runs.set(event.subject, next)
  }
  const isNew = new Set(begun.map(({ id }) => id))
  const inOrder = [...begun, ...view.runs.filter(({ id }) => !isNew.has(id))]
  return { seq: last.seq, killed, runs: inOrder.map((run) => runs.get(run.id) ?? run) }
}

/** A list that reaches further back, behind what is already there. */
export function withOlder(view: View, older: readonly RunLine[]): View {
  const known = new Set(view.runs.map(({ id }) => id))
  return { ...view, runs: [...view.runs, ...older.filter(({ id }) => !known.has(id))] }
}

/** What an event may say of a run. The log is the daemon's own, so its payloads are trusted; retention may have deleted them. */
type Payload = Partial<Pick<RunSummary, 'project' | 'command' | 'cwd' | 'strength' | 'backend' | 'exitCode' | 'signal' | 'endReason' | 'breach' | 'durationMs' | 'counts' | 'digest' | 'verdict' | 'ports'>> & {
  readonly to?: RunSummary['status']
}

function queued({ at, subject, payload }: Event): RunLine {
  const { project = '', command = [], cwd = '', strength = 'full', backend = 'overlay', verdict = null, ports } = (payload ?? {}) as Payload
  return {
    id: subject, project, command, cwd, strength, backend, status: 'queued', exitCode: null, signal: null, createdAt: at, startedAt: null, durationMs: null,
    counts: { added: 0, modified: 0, deleted: 0, renamed: 0, type: 0, meta: 0 }, digest: null, verdict, ...(ports ? { ports } : {}),
  }
}

function moved({ ports: published, ...run }: RunLine, { type, at, payload }: Event): RunLine {
  const { to, exitCode, signal, endReason, breach, durationMs, counts, digest, verdict, ports = published } = (payload ?? {}) as Payload
  // They are there as long as it runs.
  const shown = ports && ports.length > 0 && ['queued', 'waiting', 'running'].includes(to ?? run.status) ? { ports } : {}
  if (to === undefined) return { ...run, ...shown }
  return {
    ...run, ...shown, status: to,
    ...(type === 'run.started' ? { startedAt: at } : {}), ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }),
    ...(endReason ? { endReason } : {}), ...(breach ? { breach } : {}), ...(durationMs === undefined ? {} : { durationMs }), ...(counts ? { counts } : {}), ...(digest ? { digest } : {}), ...(verdict ? { verdict } : {}),
  }
}
