/**
 * Runs: the life of a command from the request to the decision.
 *   start -> choose a sandbox -> (waiting) -> execute -> seal -> kept -> apply / discard -> roll back
 * Always true here: nothing reaches the host but through decide.ts; every station is an event; a run that did not
 * end by itself is never applied. Mechanism lives in sandbox/ and changes/; this room only says what happens when.
 */
import { Problem } from '@nexus/protocol/problem'
import type { NetAnswer, QuestionNews } from '@nexus/protocol/network'
import type { NamedRun } from '@nexus/protocol/named-run'
import type { WishedPorts } from '@nexus/protocol/ports'
import type { Receipt } from '@nexus/protocol/receipt'
import type { ApplyRequest, ApplyResult, ConflictReport, ConflictsRequest, Diff, DiffRequest, Merged, MergeRequest, RerunRequest, Run, RunListRequest, RunRequest, RunsService, RunSummary, ShellRequest, StopRequest } from '@nexus/protocol/runs'
import type { Output, Progress } from '@nexus/protocol/run-output'
import type { Transcript, TranscriptRequest } from '@nexus/protocol/transcripts'
import type { Actor } from '@nexus/protocol/trpc'
import { placeOf, type Boundaries, type Place } from '../base/project.ts'
import type { Changes } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Settings } from '../settings/settings.ts'
import type { State } from '../state/state.ts'
import { transcriptOf } from './agent-work.ts'
import type { Begin } from './begin.ts'
import type { Conflicts } from './conflicts.ts'
import type { Beside, OutputFrom } from './beside.ts'
import type { Decisions } from './decide.ts'
import { diffOf } from './diff.ts'
import type { Handed } from './handed.ts'
import type { Ledger } from './ledger.ts'
import { pageOf } from './list.ts'
import type { LiveRuns } from './live.ts'
import { findRun } from './names.ts'
import { answered } from './answer.ts'
import { baseOf, groundOn, type Base } from './onto.ts'
import { pin } from './pin.ts'
import type { Ports } from './ports.ts'
import { answerQuestion, questionsOf } from './questions.ts'
import { askedNet } from './reach.ts'
import { groundFor, repeated, requireRepeatable } from './rerun.ts'
import type { Shell } from './shell.ts'
import { isWhole } from './stack.ts'
import { standing } from './standing.ts'

export interface RunsParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly changes: Changes
  readonly begin: Begin
  readonly decisions: Decisions
  readonly conflicts: Conflicts
  readonly shell: Shell
  readonly handed: Handed
  readonly live: LiveRuns
  readonly ports: Ports
  readonly beside: Beside
  readonly boundaries: Boundaries
  readonly settings: Settings
  /** Keeps the allow-listed names of a caller's environment. */
  readonly environment: (env: Readonly<Record<string, string>>) => Record<string, string>
}

export class Runs implements RunsService {
  readonly #parts: RunsParts

  constructor(parts: RunsParts) {
    this.#parts = parts
  }

  async start(request: RunRequest, actor: Actor): Promise<Run> {
    return this.#parts.begin.start(request, nameOf(actor))
  }

  /** For a verification. Throws Problem, `backend-unavailable` instead of asking anybody. */
  async startAt(request: RunRequest, at: Parameters<Begin['startAt']>[1], actor: Actor): Promise<Run> {
    return this.#parts.begin.startAt(request, at, nameOf(actor))
  }

  /** Throws Problem while nothing new may begin: daemon-stopping, killed, disk-full. */
  requireReady(): void {
    this.#parts.begin.requireReady()
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
    const { begin, ledger, handed } = this.#parts
    const id = this.find(request)
    const below = groundFor(ledger, ledger.row(id))
    return begin.start({ ...repeated(ledger.row(id), handed.linesOf(ledger.row(id)), request), ...(below ? { on: below.id } : {}) }, nameOf(actor), id)
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
    const { begin, handed, ledger, sandbox } = this.#parts
    const id = this.find(named)
    const choice = await answered({ ledger, sandbox, requireReady: () => begin.requireReady() }, id, deny, nameOf(actor))
    if (choice) begin.execute(id, choice, nameOf(actor))
    else handed.forget(id)
    return ledger.run(id)
  }

  async kill(named: NamedRun, reason: 'killed' | 'interrupted', actor: Actor): Promise<{ run: Run; receipt: Receipt }> {
    return this.#parts.beside.kill(this.find(named), reason, nameOf(actor))
  }

  async stop({ patienceMs, again, ...named }: StopRequest, actor: Actor): Promise<Run> {
    const { beside, handed, ledger } = this.#parts
    const id = this.find(named)
    if (again) requireRepeatable(ledger.row(id), handed, again.handed)
    return beside.stop(id, patienceMs, nameOf(actor))
  }

  async publish(named: NamedRun, wished: WishedPorts, actor: Actor): Promise<Run> {
    return this.#parts.ports.change(this.find(named), wished, nameOf(actor))
  }

  async shell(request: ShellRequest, actor: Actor): Promise<Run> {
    const { begin, shell, sandbox, environment, ledger, settings } = this.#parts
    begin.requireReady()
    const found = this.find(request)
    const { project } = ledger.row(found)
    const { net, masks } = askedNet(request, settings.of(project))
    const own = { ...request, net, masks, env: environment(request.env) }
    const id = await shell.open(found, own, nameOf(actor), { requireReady: () => begin.requireReady(), child: async ({ command, row }) => {
      // Over the layer, while it is there and nobody took it apart; else over the host.
      const stands = row.layer !== null && (row.status !== 'applied' || isWhole(ledger, row))
      const choice = await sandbox.choose(stands ? row.backend : 'auto', row.project)
      const { umask, env, net, pty } = own
      const child: RunRequest = { command, cwd: row.cwd, project: row.project, env, umask, net, backend: row.request.backend, wish: 'keep', stdin: true, ...(pty ? { pty } : {}) }
      return begin.now(child, choice, { cwd: row.cwd, project: row.project, ...(stands ? groundOn(ledger, row.id) : { parent: row.id }) }, nameOf(actor))
    } })
    return ledger.run(id)
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

