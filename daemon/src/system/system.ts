/** The daemon itself: what it is doing, what this machine can isolate, the kill switch, housekeeping, the way to stop. */
import type { Doctor, GcResult, KillResult, Status, SystemService } from '@nexus/protocol/system'
import type { Actor } from '@nexus/protocol/trpc'
import type { Clock } from '../base/clock.ts'
import type { KillSwitch } from '../runs/kill.ts'
import type { Ledger } from '../runs/ledger.ts'
import type { Retention } from '../runs/retention.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'

export interface SystemParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly kill: KillSwitch
  readonly clock: Clock
  readonly retention: Pick<Retention, 'collect' | 'soon'>
  readonly nameOf: (actor: Actor) => string
  readonly version: string
  readonly build: string
  readonly socket: string
  /** Known once the server listens. */
  readonly url: () => string | null
  readonly stop: () => void
}

export class System implements SystemService {
  readonly #parts: SystemParts
  readonly #startedAt: number
  #sandbox: Status['sandbox'] = null

  constructor(parts: SystemParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  status(): Status {
    const { state, ledger, kill, clock, version, build, socket, url, retention } = this.#parts
    const { layers, backups } = retention.soon()
    const [layer, backup] = [layers[0]?.at, backups[0]?.at]
    return {
      version, build, pid: process.pid, startedAt: this.#startedAt, uptimeMs: clock.now() - this.#startedAt, home: state.folder, socket, url: url(), killed: kill.isOn,
      runs: { running: ledger.count('running') + ledger.count('queued'), waiting: ledger.count('waiting'), kept: ledger.count('kept') },
      ports: ledger.inStatus('running').flatMap(({ id, request }) => (request.publish ?? []).map((port) => ({ run: id, ...port }))),
      disk: state.ballast.disk, soon: { layers: layers.length, backups: backups.length, firstAt: layer === undefined || backup === undefined ? (layer ?? backup ?? null) : Math.min(layer, backup) },
      sandbox: this.#sandbox, rssBytes: process.memoryUsage.rss(), head: state.head(),
    }
  }

  async doctor(): Promise<Doctor> {
    const probes = await this.#parts.sandbox.probe(true)
    await this.look()
    const notes = probes.filter((probe) => !probe.works || probe.strength !== 'full').flatMap(({ cause, fix }) => (cause && fix ? [{ what: cause, fix }] : []))
    return { probes, chosen: this.#sandbox, notes }
  }

  /** Remembers what `status` says of the sandbox; an unusable machine is a status, not an error. */
  async look(): Promise<void> {
    const best = (await this.#parts.sandbox.probe()).find((probe) => probe.works)
    this.#sandbox = best?.strength ? { backend: best.backend, launcher: best.launcher, strength: best.strength } : null
  }

  async kill(release: boolean, actor: Actor): Promise<KillResult> {
    const { kill, clock, nameOf } = this.#parts
    const startedAt = clock.now()
    const ended = release ? { stopped: [], discarded: [] } : await kill.press(nameOf(actor))
    if (release) kill.release(nameOf(actor))
    return { killed: kill.isOn, ...ended, tookMs: clock.now() - startedAt }
  }

  async gc(dryRun: boolean, actor: Actor): Promise<GcResult> {
    return this.#parts.retention.collect({ dryRun, actor: this.#parts.nameOf(actor), by: 'person' })
  }

  stop(ifIdle: boolean, actor: Actor): { stopping: boolean } {
    if (ifIdle && !this.isIdle) return { stopping: false }
    this.#parts.state.record({ type: 'system.stop-asked', actor: this.#parts.nameOf(actor), subject: 'system', payload: { ifIdle } })
    this.#parts.stop()
    return { stopping: true }
  }

  get isIdle(): boolean {
    return this.#parts.ledger.inStatus('queued', 'running', 'applying', 'rolling-back').length === 0
  }
}
