/**
 * From a request to a run under way: the place, the sandbox, what the settings allow, the verdict, the record; then it waits
 * for a person or is carried out. Always true here: between the last question whether anything may begin and the
 * moment in which the run can be ended nothing is waited for, so whoever stops everything comes before or after.
 */
import { randomBytes } from 'node:crypto'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { Run, RunRequest } from '@nexus/protocol/runs'
import type { Log } from '../base/log.ts'
import { placeOf, type Boundaries } from '../base/project.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { Settings } from '../settings/settings.ts'
import type { State } from '../state/state.ts'
import type { Execution } from './execute.ts'
import { requireHidden, withoutValues, type Handed } from './handed.ts'
import type { KillSwitch } from './kill.ts'
import type { Ledger, NewPlace } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { findRun } from './names.ts'
import { baseOf, groundOn, onto, placeOn } from './onto.ts'
import { requirePublishable, type Ports } from './ports.ts'
import { askedNet } from './reach.ts'
import { termsOf } from './terms.ts'
import { causeToWait, verdictBefore, type Judge } from './verdict.ts'

export interface BeginParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly execution: Execution
  readonly kill: KillSwitch
  readonly handed: Handed
  readonly live: LiveRuns
  readonly ports: Ports
  readonly boundaries: Boundaries
  readonly settings: Settings
  readonly log: Pick<Log, 'error'>
  readonly judge: Judge
  /** Keeps the allow-listed names of a caller's environment. */
  readonly environment: (env: Readonly<Record<string, string>>) => Record<string, string>
}

export class Begin {
  readonly #parts: BeginParts

  constructor(parts: BeginParts) {
    this.#parts = parts
  }

  async start(asked: RunRequest, actor: string, rerunOf?: string): Promise<Run> {
    const { state, sandbox, boundaries, ledger, ports } = this.#parts
    this.requireReady()
    const on = asked.on === undefined ? undefined : findRun(state, asked.on, () => placeOf(asked.cwd, asked.project, boundaries).project)
    const below = on === undefined ? undefined : ledger.row(on)
    const publish = await ports.found(asked.publish)
    const request = { ...(below ? onto(below, asked) : asked), ...(publish ? { publish } : {}) }
    const place = below ? placeOn(below, request, boundaries) : placeOf(request.cwd, request.project, boundaries)
    const choice = await sandbox.choose(below?.backend ?? request.backend, place.project)
    const id = this.#record(request, choice, { ...place, ...(below ? groundOn(ledger, below.id) : {}), ...(rerunOf === undefined ? {} : { rerunOf }) }, actor)
    const cause = causeToWait(ledger.row(id).verdict, choice, request.backend)
    if (cause !== undefined) ledger.move(id, { to: 'waiting', event: 'run.held', actor: 'daemon', action: 'held', payload: { cause }, fields: { next: `nexus approve ${id}` } })
    else this.execute(id, choice, actor)
    return ledger.run(id)
  }

  /**
   * A run for a verification: where it says, over a run's result or over the project. Throws Problem
   * `backend-unavailable` instead of letting a person wait for a question that nobody asks.
   */
  async startAt(request: RunRequest, { base, ...place }: { project: string; cwd: string; base: string | null; verification: string }, actor: string): Promise<Run> {
    const { sandbox, ledger } = this.#parts
    this.requireReady()
    const below = base === null ? undefined : baseOf(ledger, base)
    const choice = await sandbox.choose(below?.row.backend ?? request.backend, place.project)
    if (!below && choice.strength === 'weak' && request.backend === 'auto') throw new Problem('backend-unavailable', { backend: 'overlay', cause: choice.cause ?? 'only a weak sandbox works', fix: 'say --backend copy if that will do' })
    return ledger.run(this.now(request, choice, { ...place, ...(below ? { parent: below.row.id, parents: below.parents } : {}) }, actor))
  }

  /** In this very breath, and without a question: the caller knows where and with what. Returns its id. */
  now(request: RunRequest, choice: Choice, place: NewPlace, actor: string): string {
    const id = this.#record(request, choice, place, actor)
    this.execute(id, choice, actor)
    return id
  }

  /** A run that is recorded already: in the background. */
  execute(id: string, choice: Choice, actor: string): void {
    this.#parts.ledger.hold(id)
    this.#parts.execution.execute(id, choice, actor).catch((error: unknown) => {
      this.#parts.log.error({ err: error, run: id }, 'the end of a run could not be recorded')
      this.#lose(id)
      this.#parts.handed.forget(id)
    })
  }

  /** Throws Problem while nothing new may begin: daemon-stopping, killed, disk-full. */
  requireReady(): void {
    const { live, kill, state } = this.#parts
    live.requireOpen()
    kill.requireOff()
    state.ballast.requireSpace()
  }

  #record(request: RunRequest, choice: Choice, place: NewPlace, actor: string): string {
    this.requireReady()
    const id = newId('run', randomBytes(12))
    const settings = this.#parts.settings.of(place.project)
    requireHidden(request, choice)
    const asked = { ...withoutValues(request), env: this.#parts.environment(request.env), ...askedNet(request, settings) }
    requirePublishable(asked, choice)
    const { stored, verdict } = this.#parts.handed.takeIn(id, request.handed, asked, verdictBefore(this.#parts.judge, asked, place))
    this.#parts.ledger.create(id, stored, choice, { ...place, ...termsOf(settings), verdict }, actor)
    return id
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
}
