/** One run from the turnstile to its sealed change set: open the layer, launch, record, seal, check, carry out the wish. */
import { join } from 'node:path'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Denial } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import { safe } from '@nexus/protocol/readable'
import type { EndReason, RunStatus } from '@nexus/protocol/runs'
import type { Log } from '../base/log.ts'
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { Layer } from '../sandbox/layer.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { State } from '../state/state.ts'
import type { Changes } from '../changes/changes.ts'
import type { Network } from '../network/network.ts'
import { agentWorkOf, type AgentsBeside } from './agent-work.ts'
import type { Check } from './check.ts'
import { argvOf } from './command.ts'
import type { Decisions } from './decide.ts'
import { isQuicklyKept, keepBefore } from './keep-before.ts'
import type { Handed } from './handed.ts'
import type { KillSwitch } from './kill.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { LiveRun, LiveRuns } from './live.ts'
import { Recorder } from './output.ts'
import { masksFor, noteMasks } from './masks.ts'
import type { Ports } from './ports.ts'
import { Questions } from './questions.ts'
import { reachedBy, reachOf } from './reach.ts'
import { supersede } from './rerun.ts'
import { sealedFields, type Sealer } from './seal.ts'
import type { Squash } from './squash.ts'
import { belowOf, pendingBelow, staleBecauseOf } from './stack.ts'
import { standing } from './standing.ts'
import { breachOf, limitsFor, storedBytesOf } from './terms.ts'
import type { Turnstile } from './turnstile.ts'
import { unsaid } from './unsaid.ts'
import { verdictAfter } from './verdict.ts'

/** The kernel takes one page of options; so many names of layers fit into it. Squashed, a stack never comes near. */
const LOWERS_MAX = 180

export interface ExecutionParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly check: Check
  readonly decisions: Decisions
  readonly changes: Changes
  readonly network: Network
  readonly secrets: Secrets
  readonly handed: Handed
  readonly ports: Pick<Ports, 'open'>
  readonly live: LiveRuns
  readonly kill: Pick<KillSwitch, 'isOn'>
  readonly turnstile: Turnstile
  readonly agents: AgentsBeside
  readonly squash: Squash
  readonly now: () => number
  readonly log: Log
}

export class Execution {
  readonly #parts: ExecutionParts

  constructor(parts: ExecutionParts) {
    this.#parts = parts
  }

  /** Never rejects: what goes wrong is the run's end. */
  async execute(id: string, choice: Choice, actor: string): Promise<void> {
    const { ledger, live, turnstile, handed, log } = this.#parts
    handed.begin(id)
    const running = live.add(id, new Recorder(join(this.#parts.state.folder, 'output', id), storedBytesOf(ledger.row(id))))
    using place = new DisposableStack()
    try {
      place.defer(await turnstile.enter(running.abort.signal))
      const layer = await this.#open(ledger.row(id), choice, running.abort.signal, actor)
      if (layer.homeLacks !== undefined) running.recorder.write('stderr', Buffer.from(`nexus: not all of the home that the run below left could be taken over: ${layer.homeLacks}\n`))
      running.abort.signal.throwIfAborted()
      const end = await this.#launch(ledger.row(id), layer, choice, running, actor)
      await this.#finish(ledger.row(id), layer, running, end, actor)
    } catch (error) {
      await this.#fail(id, running, error, actor, log)
    } finally {
      live.remove(id)
    }
    // In its place still: a check is a command like any other.
    await this.#carryOut(id, { choice, isStopped: running.endedBy !== undefined }, actor)
    place.dispose()
    handed.forget(id)
    // The result is on the screen by now.
    await this.#keepBefore(id, 'later')
    await this.#parts.squash.consider(id)
  }

  async #open(row: RunRow, choice: Choice, signal: AbortSignal, actor: string): Promise<Layer> {
    const { ledger, sandbox } = this.#parts
    const layer = await sandbox.open(row.id, row.project, choice, row.parents, signal)
    ledger.note(row.id, 'run.layer-opened', actor, { layer: layer.folder, xattrs: layer.xattrs })
    const parents = await standing(ledger, this.#parts.changes, layer.parents)
    if (parents.length > LOWERS_MAX) throw new Problem('stack-too-deep', { run: row.id, depth: parents.length })
    return { ...layer, parents }
  }

  async #launch(row: RunRow, layer: Layer, choice: Choice, running: LiveRun, actor: string): Promise<LaunchEnd> {
    const { ledger, sandbox, network, handed, secrets, ports, now, log } = this.#parts
    const { request } = row
    const questions = request.askable ? new Questions(now, request.asks === true) : undefined
    if (questions) running.questions = questions
    const inHand = handed.of(row)
    const agent = request.agent === undefined ? undefined : this.#parts.agents.around(request.agent, row.project)
    const reach = reachOf(network, request.net, { ...request.env, ...agent?.env, ...inHand.env }, { keys: inHand.keys, ...(questions ? { ask: (host, port) => questions.ask(host, port) } : {}) })
    running.denials = () => unsaid(reach.denials(), secrets, inHand.known)
    const masks = await masksFor(ledger, secrets, row, belowOf(ledger, row))
    noteMasks(ledger, row, masks, actor)
    ledger.move(row.id, { to: 'running', event: 'run.started', actor, action: 'started', fields: { startedAt: now() } })
    const launch = sandbox.launch(layer, choice, {
      argv: argvOf(handed.linesOf(row).command), cwd: row.cwd, ...reach.order, umask: request.umask, stdin: request.stdin || request.pty !== undefined,
      ...limitsFor(row), ...masks, ...(request.pty ? { pty: request.pty } : {}), ...(agent ? { home: agent.home } : {}),
    })
    running.launch = launch
    running.net = reachedBy(request, inHand.keys)
    const filter = secrets.filter(inHand.known, request.pty !== undefined, (stream, bytes) => running.recorder.write(stream, bytes))
    running.redacted = () => filter.count
    launch.onOutput((stream, chunk) => filter.take(stream, chunk))
    running.recorder.onHold((isHeld) => launch.hold(isHeld))
    ports.open(row, launch, running).catch((error: unknown) => log.error({ err: error, run: row.id }, 'the ports of a run could not be noted'))
    if (running.abort.signal.aborted) launch.kill()
    return launch.ended.finally(() => filter.end())
  }

  async #finish(row: RunRow, layer: Layer, running: LiveRun, end: LaunchEnd, actor: string): Promise<void> {
    if (end.type === 'not-found') running.recorder.write('stderr', Buffer.from(`nexus: ${safe(row.command[0] ?? '')}: ${end.cause}\n`))
    if (end.type === 'failed') running.recorder.write('stderr', Buffer.from(`nexus: the sandbox could not be set up: ${end.step}: ${end.cause}\n`))
    if (end.stuck) running.recorder.write('stderr', Buffer.from(`nexus: what this run started cannot be ended, it waits inside the kernel: ${end.stuck.join(', ')}\n`))
    const { ledger, sealer, state, handed } = this.#parts
    const foreign = this.#foreignTo(row, layer, end)
    if (foreign) running.recorder.write('stderr', Buffer.from(`nexus: ${foreign.message}\n  next: ${foreign.next}\n`))
    const sealed = await sealer.seal(row, layer)
    const reason = endReasonOf(end, running) ?? (foreign ? 'unmapped-owner' : null)
    const to: RunStatus = reason ? 'failed' : sealed.changeSet.changes.length === 0 ? 'unchanged' : 'kept'
    using output = await running.recorder.store(state.blobs)
    using work = await agentWorkOf(this.#parts, row, { printed: running.recorder.stdout.bytes, known: handed.of(row).known, isHurried: running.endedBy !== undefined })
    const { fields, details } = sealedFields(sealed)
    const verdict = row.verdict && verdictAfter(row.verdict, { changes: sealed.changeSet.changes, denials: running.denials?.() ?? [], outside: sealed.outside.length })
    ledger.move(row.id, {
      to, event: reason ? 'run.failed' : 'run.sealed', actor, action: 'sealed',
      payload: { exitCode: exitCodeOf(end), signal: end.type === 'signalled' ? end.signal : null, ...(reason ? { endReason: reason, breach: breachOf(end, row) } : {}), digest: sealed.changeSet.digest, counts: fields.counts, durationMs: Math.round(end.durationMs), ...(verdict?.before ? { verdict } : {}) },
      fields: {
        ...fields, ...work.fields, endReason: reason, breach: breachOf(end, row), exitCode: exitCodeOf(end), signal: end.type === 'signalled' ? end.signal : null,
        ...(verdict ? { verdict } : {}), durationMs: Math.round(end.durationMs), usage: end.usage, next: to === 'kept' ? `nexus apply ${row.id}${row.parents.length > 0 ? ' --with-parents' : ''}` : null,
      },
      details: { ...details, ...recorded(running), ...work.details, output: output.digest },
    })
  }

  /** A command may have failed only because of a file that no user's overlay can change: it was found too late to copy instead. */
  #foreignTo({ project }: RunRow, { backend, xattrs }: Layer, end: LaunchEnd): Problem | null {
    if (backend !== 'overlay' || xattrs !== 'user' || end.type !== 'exited' || end.exitCode === 0) return null
    const path = this.#parts.sandbox.foreignIn(project)
    return path === undefined ? null : new Problem('unmapped-owner', { path })
  }

  /** The sandbox, the disk or Nexus itself failed: the run says so, the layer stays for a look. */
  async #fail(id: string, running: LiveRun, error: unknown, actor: string, log: Log): Promise<void> {
    const cause = error instanceof Error ? error.message : String(error)
    const ended = running.abort.signal.aborted
    if (!ended) {
      log.error({ err: error, run: id }, 'run failed')
      running.recorder.write('stderr', Buffer.from(`nexus: ${error instanceof Problem ? `${error.message}\n  next: ${error.next}` : cause}\n`))
    }
    const { ledger } = this.#parts
    const { status } = ledger.row(id)
    const reason: EndReason = ended ? (running.endedBy ?? 'killed') : status === 'running' ? 'seal-failed' : 'launcher-failed'
    // A queued run that the kill switch met never started: there is nothing to keep.
    const to = ended && status === 'queued' ? 'discarded' : 'failed'
    // Who begins to follow only now finds it there.
    using output = await running.recorder.store(this.#parts.state.blobs).catch(() => undefined) // on a full disk there is the record alone
    ledger.move(id, { to, event: `run.${to}`, actor, action: 'ended', payload: { endReason: reason, cause }, fields: { endReason: reason, next: null }, details: { ...recorded(running), ...(output ? { output: output.digest } : {}) } })
  }

  /** Without it a three-way merge is not possible, everything else is. */
  async #keepBefore(id: string, when: 'at once' | 'later'): Promise<void> {
    const { ledger, changes, log } = this.#parts
    try {
      if (isQuicklyKept(ledger.details(id).changes) === (when === 'at once')) await keepBefore(ledger, changes, id)
    } catch (error) {
      log.warn({ err: error, run: id }, 'what the run saw could not be kept')
    }
  }

  /** --check, then --apply or --discard, as far as they may go by themselves. */
  async #carryOut(id: string, { choice, isStopped }: { choice: Choice; isStopped: boolean }, actor: string): Promise<void> {
    const { ledger, check, decisions, kill, log } = this.#parts
    // Also one that had just ended by itself: nothing begins, and nothing is written, once somebody has stopped it or everything.
    const mayGoOn = () => !isStopped && !kill.isOn
    try {
      const row = ledger.row(id)
      supersede(ledger, row, actor)
      ledger.moveAll(staleBecauseOf(ledger, row, actor))
      await this.#keepBefore(id, 'at once')
      if (row.request.check !== undefined && row.status === 'kept' && row.exitCode === 0 && mayGoOn()) await check.run(row, choice, actor)
      const { status, request, exitCode, check: checked } = ledger.row(id)
      if (request.wish === 'discard' && (status === 'kept' || status === 'unchanged')) await decisions.discard(id, actor)
      if (request.wish !== 'apply' || status !== 'kept' || exitCode !== 0 || (request.check !== undefined && checked?.exitCode !== 0)) return
      if (ledger.details(id).changes.some(isBlocking) || ledger.row(id).verdict?.confirm) return
      if (pendingBelow(ledger, ledger.row(id)).length > 0 || !mayGoOn()) return
      await decisions.apply(id, {}, actor)
    } catch (error) {
      log.error({ err: error, run: id }, 'the wish of a run could not be carried out')
    } finally {
      ledger.release(id)
    }
  }
}

function endReasonOf(end: LaunchEnd, running: LiveRun): EndReason | null {
  if (end.type === 'failed') return 'launcher-failed'
  if (end.type === 'timed-out') return 'timed-out'
  if (end.type === 'limited') return 'limit'
  if (end.type === 'killed') return running.endedBy ?? 'killed'
  // It may still write when it wakes: what was sealed is for a look, not for an apply.
  return end.stuck ? 'stuck' : null
}

function exitCodeOf(end: LaunchEnd): number | null {
  return end.type === 'exited' || end.type === 'not-found' ? end.exitCode : null
}

function recorded({ recorder, denials, redacted }: LiveRun): { stdout: Buffer; stderr: Buffer; omittedStdout: number; omittedStderr: number; leftOut: number; denials: Denial[] | null; redacted: number } {
  const denied = denials?.() ?? []
  return { stdout: recorder.stdout.bytes, stderr: recorder.stderr.bytes, omittedStdout: recorder.stdout.omitted, omittedStderr: recorder.stderr.omitted, leftOut: recorder.leftOut, denials: denied.length > 0 ? denied : null, redacted: redacted?.() ?? 0 }
}

