/** The table of runs: each change of a run is one transaction with its event. Rows in, Run objects out. */
import { and, count, desc, eq, gte, inArray, isNotNull, isNull, lt, lte, ne, or, sql } from 'drizzle-orm'
import { toBytes } from '@nexus/protocol/bytes'
import { countChanges } from '@nexus/protocol/change-flags'
import type { Run, RunFlag, RunRequest, RunStatus, RunSummary } from '@nexus/protocol/runs'
import { Bell, untilRung } from '../base/bell.ts'
import type { Clock } from '../base/clock.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import { layerGoesAt } from './expiry.ts'
import { approvals, runDetails, runs } from './runs.sql.ts'
import { pendingBelow } from './stack.ts'
import { requireMove, SETTLED } from './status.ts'
import { storedBytesOf, type Terms } from './terms.ts'
import { inTurns } from './turns.ts'

export type RunRow = typeof runs.$inferSelect
export type RunDetails = typeof runDetails.$inferSelect
type Fields = Partial<Omit<RunRow, 'number' | 'id' | 'status'>>

export interface Move {
  readonly to: RunStatus
  /** noun.past-verb, e.g. `run.sealed`. */
  readonly event: string
  readonly actor: string
  /** Completes "it cannot be …" when the move is not possible. */
  readonly action: string
  readonly payload?: Record<string, unknown>
  readonly fields?: Fields
  readonly details?: Partial<Omit<RunDetails, 'run'>>
  readonly decision?: { readonly id: string; readonly decision: (typeof approvals.$inferInsert)['decision']; readonly digest: string | null }
  readonly durable?: boolean
}

export interface MoveOf extends Move {
  readonly run: string
}

/** Where a new run belongs. */
export interface NewPlace {
  readonly project: string
  readonly cwd: string
  readonly parent?: string
  /** Uppers that its layer is laid over, nearest first. */
  readonly parents?: readonly string[]
  readonly rerunOf?: string
  readonly verification?: string
}

export class Ledger {
  readonly #state: State
  readonly #clock: Clock
  readonly #bell = new Bell()
  readonly #held = new Set<string>()
  readonly #stranded = new Set<string>()

  constructor(state: State, clock: Clock) {
    this.#state = state
    this.#clock = clock
  }

  create(id: string, request: RunRequest, choice: Choice, terms: Terms, actor: string): void {
    const row: typeof runs.$inferInsert = {
      id, request, project: terms.project, cwd: terms.cwd, command: request.command, status: 'queued', strength: choice.strength,
      backend: choice.backend, launcher: choice.launcher, walls: [...choice.walls], createdAt: this.#clock.now(), movedAt: this.#clock.now(), counts: countChanges([]),
      xattrs: 'user', parents: [...(terms.parents ?? [])], parent: terms.parent ?? null, rerunOf: terms.rerunOf ?? null, verification: terms.verification ?? null,
      limits: terms.limits, nestedSandboxes: terms.nestedSandboxes, notes: terms.notes.length > 0 ? [...terms.notes] : null, verdict: terms.verdict,
    }
    const payload = { command: request.command, cwd: terms.cwd, project: terms.project, strength: choice.strength, backend: choice.backend, net: request.net, wish: request.wish, verdict: terms.verdict, ...(request.publish ? { ports: request.publish } : {}), ...(terms.rerunOf === undefined ? {} : { rerunOf: terms.rerunOf }) }
    this.#state.record({ type: 'run.queued', actor, subject: id, payload }, (db) => {
      db.insert(runs).values(row).run()
      db.insert(runDetails).values({ run: id, changes: [], outside: [], conflicts: [], appliedPaths: [], stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), omittedStdout: 0, omittedStderr: 0 }).run()
    })
    this.#bell.ring()
  }

  /** Throws Problem `wrong-status` when the run is elsewhere by now. */
  move(id: string, move: Move): void {
    this.moveAll([{ run: id, ...move }])
  }

  /** All of them or none: what a stack of runs does together. */
  moveAll(moves: readonly MoveOf[]): void {
    if (moves.length === 0) return
    const events = moves.map(({ run, to, event, actor, action, payload }) => {
      const { status } = this.row(run)
      requireMove(run, status, to, action)
      return { type: event, actor, subject: run, payload: { from: status, to, ...payload } }
    })
    this.#state.recordAll(events, (db) => {
      for (const { run, to, actor, fields, details, decision } of moves) {
        db.update(runs).set({ ...fields, status: to, movedAt: this.#clock.now(), layerNoticeAt: null, preImagesNoticeAt: null }).where(eq(runs.id, run)).run()
        if (details) db.update(runDetails).set(details).where(eq(runDetails.run, run)).run()
        if (decision) db.insert(approvals).values({ ...decision, run, actor, at: this.#clock.now() }).run()
      }
    }, { durable: moves.some(({ durable }) => durable) })
    for (const { run } of moves) this.#stranded.delete(run)
    this.#bell.ring()
  }

  /** A fact that is no station of its own: the layer made, the layer deleted. */
  note(id: string, event: string, actor: string, fields: Fields, payload: Record<string, unknown> = {}, details?: Partial<Omit<RunDetails, 'run'>>): void {
    this.#state.record({ type: event, actor, subject: id, payload }, (db) => {
      if (Object.keys(fields).length > 0) db.update(runs).set(fields).where(eq(runs.id, id)).run()
      if (details) db.update(runDetails).set(details).where(eq(runDetails.run, id)).run()
    })
    this.#bell.ring()
  }

  find(id: string): RunRow | undefined {
    return this.#state.db.select().from(runs).where(eq(runs.id, id)).get()
  }

  /** Those that there are, by their ids. */
  findAll(ids: readonly string[]): Map<string, RunRow> {
    const rows = inTurns(ids).flatMap((turn) => this.#state.db.select().from(runs).where(inArray(runs.id, turn)).all())
    return new Map(rows.map((row) => [row.id, row]))
  }

  row(id: string): RunRow {
    const row = this.find(id)
    if (!row) throw new Error(`run ${id} is not in the ledger`)
    return row
  }

  details(id: string): RunDetails {
    const row = this.#state.db.select().from(runDetails).where(eq(runDetails.run, id)).get()
    if (!row) throw new Error(`run ${id} has no details`)
    return row
  }

  run(id: string): Run {
    const details = this.details(id)
    const row = this.row(id)
    const needs = ['kept', 'rolled-back', 'applying'].includes(row.status) ? pendingBelow(this, row).map((below) => below.id) : []
    return {
      ...summaryOf(row), ...(needs.length > 0 ? { needs } : {}),
      stdout: toBytes(details.stdout), stderr: toBytes(details.stderr), truncated: { stdout: details.omittedStdout, stderr: details.omittedStderr, ...(details.leftOut > 0 ? { stored: { limitBytes: storedBytesOf(row), leftOutBytes: details.leftOut } } : {}) },
      changes: details.changes, outside: details.outside, denials: details.denials ?? [], ...(details.redacted > 0 ? { redacted: details.redacted } : {}), conflicts: details.conflicts, appliedPaths: details.appliedPaths,
      ...(details.keptPaths && details.keptPaths.length > 0 ? { keptPaths: details.keptPaths } : {}),
    }
  }

  list(filter: { project?: string; before?: string; limit: number }): RunRow[] {
    const older = filter.before === undefined ? undefined : lt(runs.number, this.row(filter.before).number)
    const here = filter.project === undefined ? undefined : eq(runs.project, filter.project)
    return this.#state.db.select().from(runs).where(and(here, older)).orderBy(desc(runs.number)).limit(filter.limit).all()
  }

  inStatus(...statuses: RunStatus[]): RunRow[] {
    return this.#state.db.select().from(runs).where(inArray(runs.status, statuses)).orderBy(runs.number).all()
  }

  /** Runs that were made over this one's layer, oldest first; some of them may be long gone. */
  childrenOf(id: string): RunRow[] {
    return this.#state.db.select().from(runs).where(eq(runs.parent, id)).orderBy(runs.number).all().filter(({ parents }) => parents.length > 0)
  }

  /** Runs whose layers stand on this one's, and those that may be about to. */
  needing(id: string): string[] {
    return this.#state.db.select().from(runs).where(eq(runs.parent, id)).all()
      .filter((row) => (row.layer === null ? !this.isAtRest(row) : row.parents.length > 0)).map((row) => row.id)
  }

  /** The runs that are applied, or taken back, as one with this one. */
  appliedWith(id: string): RunRow[] {
    return this.#state.db.select().from(runs).where(eq(runs.appliedWith, id)).orderBy(runs.number).all()
  }

  /** The newest run that repeats this one. */
  repetitionOf(id: string): RunRow | undefined {
    return this.#state.db.select().from(runs).where(eq(runs.rerunOf, id)).orderBy(desc(runs.number)).all().find(({ layer, endReason }) => layer !== null && endReason === null)
  }

  /** Did the same agent work in the same project while this run did? */
  agentBeside({ id, project, startedAt, request: { agent } }: RunRow): boolean {
    if (agent === undefined || startedAt === null) return false
    const meanwhile = or(eq(runs.status, 'running'), gte(sql`${runs.startedAt} + ${runs.durationMs}`, startedAt))
    return this.#state.db.select({ id: runs.id }).from(runs).where(and(eq(runs.project, project), ne(runs.id, id), isNotNull(runs.startedAt), meanwhile, eq(sql`json_extract(${runs.request}, '$.agent')`, agent))).get() !== undefined
  }

  /** The runs of a project that have a layer or are about to, oldest first; those of verifications are nobody's. */
  standing(project: string): RunRow[] {
    return this.#state.db.select().from(runs).where(and(eq(runs.project, project), isNull(runs.verification), or(isNotNull(runs.layer), inArray(runs.status, ['queued', 'waiting'])))).orderBy(runs.number).all()
  }

  projects(): string[] {
    return this.#state.db.selectDistinct({ project: runs.project }).from(runs).all().map(({ project }) => project)
  }

  /** Runs with a layer that nobody has touched since, newest first. */
  layersUntouchedSince(at: number): RunRow[] {
    return this.#state.db.select().from(runs).where(and(isNotNull(runs.layer), lte(runs.movedAt, at))).orderBy(desc(runs.number)).all()
  }

  /** Nothing of it moves, not even a check or a wish that is still to come. */
  isAtRest({ id, status }: Pick<RunRow, 'id' | 'status'>): boolean {
    return SETTLED.includes(status) && !this.#held.has(id)
  }

  /** Runs that came to their present station then or later. */
  movedSince(at: number, ...statuses: RunStatus[]): RunRow[] {
    return this.#state.db.select().from(runs).where(and(inArray(runs.status, statuses), gte(runs.movedAt, at))).orderBy(runs.number).all()
  }

  /** The folders of all layers that exist. */
  layers(): string[] {
    return this.#state.db.select({ layer: runs.layer }).from(runs).where(isNotNull(runs.layer)).all().flatMap(({ layer }) => layer ?? [])
  }

  /** Everything that a layer stands on, or that a run is about to. */
  grounds(): string[] {
    return this.#state.db.select({ id: runs.id, status: runs.status, layer: runs.layer, parents: runs.parents }).from(runs).where(ne(runs.parents, [])).all()
      .flatMap((row) => (row.layer !== null || !this.isAtRest(row) ? row.parents : []))
  }

  count(status: RunStatus): number {
    return this.#state.db.select({ count: count() }).from(runs).where(eq(runs.status, status)).get()?.count ?? 0
  }

  /** While held, a run is not settled whatever its status: its check or its wish is still to come. */
  hold(id: string): void {
    this.#held.add(id)
  }

  release(id: string): void {
    this.#held.delete(id)
    this.#bell.ring()
  }

  /** Nobody works on this run although its status says so; the next move ends that. Who waits for it need not. */
  strand(id: string): void {
    this.#stranded.add(id)
    this.#bell.ring()
  }

  stranded(): string[] {
    return [...this.#stranded]
  }

  /** Resolves when nothing moves any more, or with the signal. */
  async settled(id: string, signal: AbortSignal | undefined): Promise<void> {
    while (!signal?.aborted) {
      const rung = this.#bell.next()
      if (!this.#held.has(id) && (this.#stranded.has(id) || SETTLED.includes(this.row(id).status))) return
      await untilRung(rung, signal)
    }
  }

  /** Resolves at the next change of any run. */
  changed(): Promise<void> {
    return this.#bell.next()
  }
}

export function summaryOf(row: RunRow): RunSummary {
  const expiresAt = layerGoesAt(row)
  return {
    id: row.id, project: row.project, command: row.command, cwd: row.cwd, status: row.status,
    ...(row.endReason ? { endReason: row.endReason } : {}), ...(row.breach ? { breach: row.breach } : {}), ...(row.notes ? { notes: row.notes } : {}),
    verdict: row.verdict, strength: row.strength, backend: row.backend, walls: row.walls, exitCode: row.exitCode, signal: row.signal,
    createdAt: row.createdAt, startedAt: row.startedAt, durationMs: row.durationMs, usage: row.usage, counts: row.counts, digest: row.digest,
    flags: flagsOf(row), ...(Array.isArray(row.request.net) ? { network: row.request.net } : {}), ...(row.request.handedNames ? { handed: row.request.handedNames } : {}), pty: row.request.pty !== undefined, ...(row.request.agent === undefined ? {} : { agent: { name: row.request.agent, ...row.agentWork } }),
    ...(row.check ? { check: row.check } : {}), ...(row.parent ? { parent: row.parent } : {}), ...(row.rerunOf ? { rerunOf: row.rerunOf } : {}), ...(row.verification ? { verification: row.verification } : {}), ...(row.next ? { next: row.next } : {}), ...(isGoing(row) && row.request.publish ? { ports: row.request.publish } : {}),
    ...(expiresAt === null ? {} : { expiresAt }), ...(row.pinned ? { pinned: true } : {}),
    ...(row.appliedWith && row.status === 'applied' ? { appliedWith: row.appliedWith } : {}),
  }
}

/** Its processes are there, or are still to come. */
function isGoing({ status }: RunRow): boolean {
  return status === 'queued' || status === 'waiting' || status === 'running'
}

function flagsOf(row: RunRow): RunFlag[] {
  return [...(row.request.net === 'on' || row.shellNet === 'on' ? (['host-network'] as const) : []), ...(row.backend === 'copy' ? (['copy-backend'] as const) : [])]
}
