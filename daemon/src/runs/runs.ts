/**
 * Runs: the life of a command from the request to the decision.
 *   start -> choose a sandbox -> (waiting) -> execute -> seal -> kept -> apply / discard -> roll back
 * Always true here: nothing reaches the host but through decide.ts; every station is an event; a run that did not
 * end by itself is never applied. Mechanism lives in sandbox/ and changes/; this room only says what happens when.
 */
import { randomBytes } from 'node:crypto'
import { Problem } from '@nexus/protocol/problem'
import { newId } from '@nexus/protocol/id'
import type { NetAnswer, QuestionNews } from '@nexus/protocol/network'
import type { NamedRun } from '@nexus/protocol/named-run'
import type { WishedPorts } from '@nexus/protocol/ports'
import type { Receipt } from '@nexus/protocol/receipt'
import type { ApplyRequest, ApplyResult, ConflictReport, ConflictsRequest, Diff, DiffRequest, Merged, MergeRequest, RerunRequest, Run, RunListRequest, RunRequest, RunsService, RunSummary, ShellRequest } from '@nexus/protocol/runs'
import type { Output, Progress } from '@nexus/protocol/run-output'
import type { Transcript, TranscriptRequest } from '@nexus/protocol/transcripts'
import type { Actor } from '@nexus/protocol/trpc'
import type { Log } from '../base/log.ts'
import { placeOf, type Boundaries, type Place } from '../base/project.ts'
import type { Changes } from '../changes/changes.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { Settings } from '../settings/settings.ts'
import type { State } from '../state/state.ts'
import { transcriptOf } from './agent-work.ts'
import type { Conflicts } from './conflicts.ts'
import type { Beside, OutputFrom } from './beside.ts'
import type { Decisions } from './decide.ts'
import { diffOf } from './diff.ts'
import type { Execution } from './execute.ts'
import { requireHidden, withoutValues, type Handed } from './handed.ts'
import type { KillSwitch } from './kill.ts'
import type { Ledger, NewPlace } from './ledger.ts'
import { pageOf } from './list.ts'
import type { LiveRuns } from './live.ts'
import { findRun } from './names.ts'
import { answered } from './answer.ts'
import { baseOf, groundOn, onto, placeOn, type Base } from './onto.ts'
import { pin } from './pin.ts'
import { requirePublishable, type Ports } from './ports.ts'
import { answerQuestion, questionsOf } from './questions.ts'
import { askedNet } from './reach.ts'
import { groundFor, repeated } from './rerun.ts'
import type { Shell } from './shell.ts'
import { isWhole } from './stack.ts'
import { standing } from './standing.ts'
import { termsOf } from './terms.ts'
import { causeToWait, verdictBefore, type Judge } from './verdict.ts'

export interface RunsParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly changes: Changes
  readonly execution: Execution
  readonly decisions: Decisions
  readonly conflicts: Conflicts
  readonly shell: Shell
  readonly kill: KillSwitch
  readonly handed: Handed
  readonly live: LiveRuns
  readonly ports: Ports
  readonly beside: Beside
  readonly boundaries: Boundaries
  readonly settings: Settings
  readonly log: Pick<Log, 'error'>
  readonly judge: Judge
  /** Keeps the allow-listed names of a caller's environment. */
  readonly environment: (env: Readonly<Record<string, string>>) => Record<string, string>
}

export class Runs implements RunsService {
  readonly #parts: RunsParts

  constructor(parts: RunsParts) {
    this.#parts = parts
  }

  async start(asked: RunRequest, actor: Actor, rerunOf?: string): Promise<Run> {
    const { sandbox, boundaries, ledger } = this.#parts
    this.requireReady()
    const on = asked.on === undefined ? undefined : this.find({ run: asked.on, cwd: asked.cwd, ...(asked.project === undefined ? {} : { project: asked.project }) })
    const below = on === undefined ? undefined : ledger.row(on)
    const publish = await this.#parts.ports.found(asked.publish)
    const request = { ...(below ? onto(below, asked) : asked), ...(publish ? { publish } : {}) }
    const place = below ? placeOn(below, request, boundaries) : placeOf(request.cwd, request.project, boundaries)
    const choice = await sandbox.choose(below?.backend ?? request.backend, place.project)
    const id = this.#begin(request, choice, { ...place, ...(below ? groundOn(ledger, below.id) : {}), ...(rerunOf === undefined ? {} : { rerunOf }) }, actor)
    const cause = causeToWait(ledger.row(id).verdict, choice, request.backend)
    if (cause !== undefined) ledger.move(id, { to: 'waiting', event: 'run.held', actor: 'daemon', action: 'held', payload: { cause }, fields: { next: `nexus approve ${id}` } })
    else this.#execute(id, choice, actor)
    return this.#parts.ledger.run(id)
  }

  /**
   * Starts a run for a verification: where it says, over a run's result or over the project. Throws Problem
   * `backend-unavailable` instead of letting a person wait for a question that nobody asks.
   */
  async startAt(request: RunRequest, { base, ...place }: { project: string; cwd: string; base: string | null; verification: string }, actor: Actor): Promise<Run> {
    const { sandbox, ledger } = this.#parts
    this.requireReady()
    const below = base === null ? undefined : this.base(base)
    const choice = await sandbox.choose(below?.row.backend ?? request.backend, place.project)
    if (!below && choice.strength === 'weak' && request.backend === 'auto') throw new Problem('backend-unavailable', { backend: 'overlay', cause: choice.cause ?? 'only a weak sandbox works', fix: 'say --backend copy if that will do' })
    const id = this.#begin(request, choice, { ...place, ...(below ? { parent: below.row.id, parents: below.parents } : {}) }, actor)
    this.#execute(id, choice, actor)
    return ledger.run(id)
  }

  /** Throws Problem while nothing new may begin: daemon-stopping, killed, disk-full. */
  requireReady(): void {
    const { live, kill, state } = this.#parts
    live.requireOpen()
    kill.requireOff()
    state.ballast.requireSpace()
  }

  /** A run whose layer others may be laid over. Throws Problem `wrong-status`. */
  base(id: string): Base {
    return baseOf(this.#parts.ledger, id)
  }

  /** Of these uppers, what is to be laid below a layer now. */
  standing(uppers: readonly string[]): Promise<string[]> {
    return standing(this.#parts.ledger, this.#parts.changes, uppers)
  }

  /** Throws Problem: no-run, no-last-run, short-run, ambiguous-run. */
  find(named: NamedRun): string {
    return findRun(this.#parts.state, named.run, () => this.projectOf(named))
  }

  /** Where a caller stands. Throws Problem as `placeOf` does. */
  place(cwd: string, project: string | undefined): Place {
    return placeOf(cwd, project, this.#parts.boundaries)
  }

  async wait(named: NamedRun, signal: AbortSignal | undefined): Promise<Run> {
    const id = this.find(named)
    await this.#parts.ledger.settled(id, signal)
    return this.#parts.ledger.run(id)
  }

  async get(named: NamedRun): Promise<Run> {
    return this.#parts.ledger.run(this.find(named))
  }

  async list(request: RunListRequest): Promise<{ runs: RunSummary[]; next?: string }> {
    return pageOf(this.#parts, request, () => this.projectOf(request))
  }

  async *output(named: NamedRun, from: OutputFrom, signal: AbortSignal | undefined): AsyncGenerator<Output> {
    yield* this.#parts.beside.output(this.find(named), from, signal)
  }

  async transcript(request: TranscriptRequest): Promise<Transcript> {
    return transcriptOf(this.#parts, this.find(request), request)
  }

  async input(named: NamedRun, data: Uint8Array, end: boolean): Promise<void> {
    await this.#parts.beside.input(this.find(named), data, end)
  }

  async resize(named: NamedRun, rows: number, cols: number): Promise<void> {
    await this.#parts.beside.resize(this.find(named), rows, cols)
  }

  async diff(request: DiffRequest): Promise<Diff> {
    return diffOf(this.#parts.ledger, this.#parts.changes, this.find(request), request)
  }

  async apply(request: ApplyRequest, actor: Actor): Promise<ApplyResult> {
    return this.#parts.decisions.apply(this.find(request), request, nameOf(actor))
  }

  async conflicts(request: ConflictsRequest): Promise<ConflictReport> {
    return this.#parts.conflicts.report(this.find(request), request)
  }

  async merge(request: MergeRequest, actor: Actor): Promise<Merged> {
    return this.#parts.conflicts.merge(this.find(request), request, nameOf(actor))
  }

  async rerun(request: RerunRequest, actor: Actor): Promise<Run> {
    const { ledger, handed } = this.#parts
    const id = this.find(request)
    const below = groundFor(ledger, ledger.row(id))
    return this.start({ ...repeated(ledger.row(id), handed.linesOf(ledger.row(id)), request), ...(below ? { on: below.id } : {}) }, actor, id)
  }

  async rollback(request: NamedRun, actor: Actor): Promise<ApplyResult> {
    return this.#parts.decisions.rollback(this.find(request), nameOf(actor))
  }

  async *progress(named: NamedRun, signal: AbortSignal | undefined): AsyncGenerator<Progress> {
    yield* this.#parts.decisions.underWay.follow(this.find(named), signal)
  }

  async *questions(named: NamedRun, signal: AbortSignal | undefined): AsyncGenerator<QuestionNews> {
    yield* questionsOf(this.#parts, this.find(named), signal)
  }

  answer(named: NamedRun, question: number, given: NetAnswer, actor: Actor): boolean {
    return answerQuestion(this.#parts, this.find(named), { question, given }, nameOf(actor))
  }

  async discard(named: NamedRun, cascade: boolean, actor: Actor): Promise<Run> {
    const id = this.find(named)
    await this.#parts.decisions.discard(id, nameOf(actor), cascade)
    return this.#parts.ledger.run(id)
  }

  async pin(named: NamedRun, release: boolean, actor: Actor): Promise<Run> {
    return pin(this.#parts.ledger, this.find(named), release, nameOf(actor))
  }

  async approve(named: NamedRun, deny: boolean, actor: Actor): Promise<Run> {
    const id = this.find(named)
    const choice = await answered({ ...this.#parts, requireReady: () => this.requireReady() }, id, deny, nameOf(actor))
    if (choice) this.#execute(id, choice, actor)
    else this.#parts.handed.forget(id)
    return this.#parts.ledger.run(id)
  }

  async kill(named: NamedRun, reason: 'killed' | 'interrupted', actor: Actor): Promise<{ run: Run; receipt: Receipt }> {
    return this.#parts.beside.kill(this.find(named), reason, nameOf(actor))
  }

  async stop(named: NamedRun, patienceMs: number, actor: Actor): Promise<Run> {
    return this.#parts.beside.stop(this.find(named), patienceMs, nameOf(actor))
  }

  async publish(named: NamedRun, wished: WishedPorts, actor: Actor): Promise<Run> {
    return this.#parts.ports.change(this.find(named), wished, nameOf(actor))
  }

  async shell(request: ShellRequest, actor: Actor): Promise<Run> {
    const { shell, sandbox, environment, ledger, settings } = this.#parts
    this.requireReady()
    const found = this.find(request)
    const { project } = ledger.row(found)
    const { net, masks } = askedNet(request, settings.of(project))
    const own = { ...request, net, masks, env: environment(request.env) }
    const id = await shell.open(found, own, nameOf(actor), { requireReady: () => this.requireReady(), child: async ({ command, row }) => {
      // Over the layer, while it is there and nobody took it apart; else over the host.
      const stands = row.layer !== null && (row.status !== 'applied' || isWhole(ledger, row))
      const choice = await sandbox.choose(stands ? row.backend : 'auto', row.project)
      const { umask, env, net, pty } = own
      const child: RunRequest = { command, cwd: row.cwd, project: row.project, env, umask, net, backend: row.request.backend, wish: 'keep', stdin: true, ...(pty ? { pty } : {}) }
      const childId = this.#begin(child, choice, { cwd: row.cwd, project: row.project, ...(stands ? groundOn(ledger, row.id) : { parent: row.id }) }, actor)
      this.#execute(childId, choice, actor)
      return childId
    } })
    return ledger.run(id)
  }

  /** From here to #execute nothing is waited for: whoever stops everything comes before, and it is refused, or after, and it is ended. */
  #begin(request: RunRequest, choice: Choice, place: NewPlace, actor: Actor): string {
    this.requireReady()
    const id = newId('run', randomBytes(12))
    const settings = this.#parts.settings.of(place.project)
    requireHidden(request, choice)
    const asked = { ...withoutValues(request), env: this.#parts.environment(request.env), ...askedNet(request, settings) }
    requirePublishable(asked, choice)
    const { stored, verdict } = this.#parts.handed.takeIn(id, request.handed, asked, verdictBefore(this.#parts.judge, asked, place))
    this.#parts.ledger.create(id, stored, choice, { ...place, ...termsOf(settings), verdict }, nameOf(actor))
    return id
  }

  #execute(id: string, choice: Choice, actor: Actor): void {
    this.#parts.ledger.hold(id)
    this.#parts.execution.execute(id, choice, nameOf(actor)).catch((error: unknown) => {
      this.#parts.log.error({ err: error, run: id }, 'the end of a run could not be recorded')
      this.#lose(id)
      this.#parts.handed.forget(id)
    })
  }

  /** Whoever waits for it must not wait for ever. What cannot even be noted now, recovery notes at the next start. */
  #lose(id: string): void {
    const { ledger, log } = this.#parts
    try {
      ledger.move(id, { to: 'failed', event: 'run.failed', actor: 'daemon', action: 'ended', payload: { endReason: 'seal-failed' }, fields: { endReason: 'seal-failed', next: null } })
    } catch (error) {
      log.error({ err: error, run: id }, 'a lost run could not be noted')
    }
    ledger.release(id)
  }

  /** The project that is meant. Throws Problem `bad-request`. */
  projectOf({ cwd, project }: { cwd?: string | undefined; project?: string | undefined }): string {
    const here = cwd ?? project
    if (here === undefined) throw new Problem('bad-request', { what: 'cwd or project is needed to say which project is meant' })
    return placeOf(here, project, this.#parts.boundaries).project
  }
}

export function nameOf(actor: Actor): string {
  return `${actor.kind}:${actor.via}`
}

