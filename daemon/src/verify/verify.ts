/**
 * Verify: recognises what builds, lints and tests a project, and runs it: ordinary runs, each in a layer of its own,
 * over the project or over another run's result. What a build leaves is there for the tests; all of it is gone at the end.
 * Always true here: nothing is ever applied; a check passed only if its command exited with 0.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { RunRequest } from '@nexus/protocol/runs'
import type { Actor } from '@nexus/protocol/trpc'
import type { Verification, VerifyCheck, VerifyRequest, VerifyService } from '@nexus/protocol/verify'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Runs } from '../runs/runs.ts'
import type { RunInside, ThrowAway } from '../runs/throw-away.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import { detect, type Check } from './detect.ts'
import type { Ecosystem } from './ecosystem.ts'
import type { Listing } from './listing.ts'
import { Live } from './live.ts'
import { outputOf } from './output-of.ts'
import { summarise } from './summarise.ts'

export interface VerifyParts {
  readonly runs: Runs
  readonly sandbox: Sandbox
  readonly state: State
  readonly clock: Clock
  readonly nameOf: (actor: Actor) => string
  readonly log: Pick<Log, 'error'>
  readonly ecosystems: readonly Ecosystem[]
  readonly inThrowAwayLayer: <Result>(sandbox: Sandbox, where: ThrowAway, work: (run: RunInside) => Promise<Result>) => Promise<Result>
  readonly look: (run: RunInside, project: string) => Promise<Listing>
}

/** Ended ones that can still be asked for. */
const REMEMBERED = 20

export class Verify implements VerifyService, AsyncDisposable {
  readonly #parts: VerifyParts
  readonly #known = new Map<string, Live>()

  constructor(parts: VerifyParts) {
    this.#parts = parts
  }

  async start(request: VerifyRequest, actor: Actor): Promise<Verification> {
    const { state, clock, nameOf, runs } = this.#parts
    // The look is a command, too.
    runs.requireReady()
    const { project, base } = this.#ground(request)
    const checks = await this.#recognised(request, project, base)
    const live = new Live({
      id: newId('verification', randomBytes(12)), project, ...(base === null ? {} : { on: base }), status: 'running', startedAt: clock.now(), durationMs: null,
      checks: checks.map((check): VerifyCheck => ({ ...check, command: [...check.command], status: 'queued', exitCode: null, signal: null, durationMs: null, summary: null })),
    })
    this.#remember(live)
    state.record({ type: 'verification.began', actor: nameOf(actor), subject: live.now.id, payload: { project, on: base, checks: checks.map(({ kind, folder, command }) => ({ kind, folder, command })) } })
    live.ended = this.#carryOut(live, request, base, actor)
    return live.now
  }

  async *follow(id: string, signal: AbortSignal | undefined): AsyncGenerator<Verification> {
    yield* this.#find(id).follow(signal)
  }

  async stop(id: string, actor: Actor): Promise<Verification> {
    const live = this.#find(id)
    live.isStopped = true
    await this.#endRunning(live, actor)
    await live.ended
    return live.now
  }

  /** Runs are ended by whoever stops the daemon; this waits until the last word about them is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const live of this.#known.values()) live.isStopped = true
    await Promise.all([...this.#known.values()].map(({ ended }) => ended))
  }

  #ground({ cwd, project, on }: VerifyRequest): { project: string; base: string | null } {
    const { runs } = this.#parts
    if (on === undefined) return { project: runs.place(cwd, project).project, base: null }
    const { row } = runs.base(runs.find({ run: on, cwd, ...(project === undefined ? {} : { project }) }))
    return { project: row.project, base: row.id }
  }

  /** Looks from inside a layer over the same ground. Throws Problem `no-checks`. */
  async #recognised({ backend, only }: VerifyRequest, project: string, base: string | null): Promise<Check[]> {
    const { runs, sandbox, ecosystems, inThrowAwayLayer, look } = this.#parts
    const below = base === null ? undefined : runs.base(base)
    const choice = await sandbox.choose(below?.row.backend ?? backend, project)
    const where = { name: `${newId('verification', randomBytes(12))}-look`, project, choice, parents: below ? await runs.standing(below.parents) : [] }
    const listing = await inThrowAwayLayer(sandbox, where, (run) => look(run, project))
    const found = detect(listing, ecosystems).filter(({ kind }) => only.length === 0 || only.includes(kind))
    if (found.length > 0) return found
    const recognised = ecosystems.map(({ recognises }) => recognises).join('; ')
    throw new Problem('no-checks', { project, only: only.length === 0 ? '' : ` (only ${only.join(', ')})`, recognised })
  }

  /** Never rejects. */
  async #carryOut(live: Live, request: VerifyRequest, base: string | null, actor: Actor): Promise<void> {
    const { clock, log } = this.#parts
    const builds: string[] = []
    try {
      for (const [at, check] of live.now.checks.entries()) {
        const why = live.isStopped ? 'stopped before' : leftOutBecause(check, live.now.checks)
        if (why !== undefined) live.tell(at, { status: 'left-out', why })
        else await this.#check(live, at, request, { base: builds.at(-1) ?? base, builds }, actor)
      }
    } catch (error) {
      // The kill switch, a daemon that stops, a sandbox that is gone: what is left cannot be run either.
      if (!(error instanceof Problem)) log.error({ err: error, verification: live.now.id }, 'a verification broke off')
      const why = error instanceof Error ? error.message : String(error)
      for (const [at, { status }] of live.now.checks.entries()) if (status === 'queued' || status === 'running') live.tell(at, { status: 'left-out', why })
      live.isStopped = true
    }
    // Kept for what came after them.
    for (const run of builds.reverse()) await this.#letGo(run, actor).catch((error: unknown) => log.error({ err: error, run }, 'what a build left could not be discarded'))
    live.end(clock.now())
    try {
      this.#recordEnd(live)
    } catch (error) {
      log.error({ err: error, verification: live.now.id }, 'the end of a verification could not be recorded')
    }
  }

  #recordEnd({ now: { id, status, checks } }: Live): void {
    this.#parts.state.record({ type: 'verification.ended', actor: 'daemon', subject: id, payload: { status, checks: checks.map(({ kind, folder, command, status: how, run }) => ({ kind, folder, command, status: how, run })) } })
  }

  async #check(live: Live, at: number, request: VerifyRequest, over: { base: string | null; builds: string[] }, actor: Actor): Promise<void> {
    const { runs } = this.#parts
    const check = live.now.checks[at]
    if (!check) return
    const { id, project } = live.now
    const begun = await runs.startAt(requestOf(request, check.command, project), { project, cwd: join(project, check.folder), base: over.base, verification: id }, actor)
    live.tell(at, { status: 'running', run: begun.id })
    // Stopped between the look and the start: nobody else would end it.
    if (live.isStopped) await this.#endRunning(live, actor)
    const ended = await runs.wait({ run: begun.id }, undefined)
    const passed = ended.exitCode === 0 && ended.endReason === undefined
    const { text, isPartial } = await outputOf(runs, ended)
    live.tell(at, {
      status: passed ? 'passed' : 'failed', exitCode: ended.exitCode, signal: ended.signal, durationMs: ended.durationMs,
      ...(ended.endReason ? { endReason: ended.endReason } : {}), summary: summarise(text, { project, folder: check.folder }, isPartial),
    })
    if (check.kind === 'build' && passed) over.builds.push(ended.id)
    else await this.#letGo(ended.id, actor)
  }

  async #letGo(run: string, actor: Actor): Promise<void> {
    const { status } = await this.#parts.runs.get({ run })
    if (['kept', 'unchanged', 'failed'].includes(status)) await this.#parts.runs.discard({ run }, false, actor)
  }

  async #endRunning(live: Live, actor: Actor): Promise<void> {
    const run = live.now.checks.find(({ status }) => status === 'running')?.run
    if (run === undefined) return
    await this.#parts.runs.kill({ run }, 'interrupted', actor).catch((error: unknown) => {
      // It ended by itself a moment before, and that is what was wanted.
      if (!(error instanceof Problem && error.code === 'wrong-status')) throw error
    })
  }

  #find(id: string): Live {
    const live = this.#known.get(id)
    if (!live) throw new Problem('no-verification', { id })
    return live
  }

  #remember(live: Live): void {
    this.#known.set(live.now.id, live)
    const ended = [...this.#known.values()].filter(({ now }) => now.status !== 'running')
    for (const { now } of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) this.#known.delete(now.id)
  }
}

/** Tests of what does not build only say so a second time. */
function leftOutBecause({ kind, ecosystem, folder }: VerifyCheck, checks: readonly VerifyCheck[]): string | undefined {
  const isBuildBroken = checks.some((other) => other.kind === 'build' && other.status === 'failed' && other.ecosystem === ecosystem && other.folder === folder)
  return kind === 'test' && isBuildBroken ? 'its build failed' : undefined
}

function requestOf({ env, umask, net, backend, timeoutMs }: VerifyRequest, command: readonly string[], project: string): RunRequest {
  return { command: [...command], cwd: project, project, env, umask, backend, wish: 'keep', stdin: false, ...(net === undefined ? {} : { net }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}
