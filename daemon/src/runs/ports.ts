/**
 * The published ports of runs. A run's record names them, its launcher carries them (native/launch-quay.c): they begin with
 * its processes or when somebody asks, and end with them. Only 127.0.0.1 listens; no connection begins inside.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { constants } from 'node:os'
import type { Net } from '@nexus/protocol/network'
import type { AskedPorts, Port, WishedPorts } from '@nexus/protocol/ports'
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import type { Launch } from '../sandbox/launch.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { LiveRun, LiveRuns } from './live.ts'

export class Ports {
  readonly #ledger: Ledger
  readonly #live: LiveRuns
  readonly #dashboard: number | null

  /** `dashboard`: a browser keeps its secret for that origin, also while somebody else has the port. */
  constructor(ledger: Ledger, live: LiveRuns, dashboard: number | null) {
    this.#ledger = ledger
    this.#live = live
    this.#dashboard = dashboard
  }

  /** Which they will be. Throws Problem `publish-taken` before anything runs, rather than to let a server start that nobody reaches. */
  async found(asked: AskedPorts | undefined): Promise<Port[] | undefined> {
    if (!asked || asked.length === 0) return undefined
    const ports: Port[] = []
    for (const { host, inside } of asked) {
      if (ports.some((port) => port.host === host)) throw new Problem('bad-request', { what: `port ${host} is published twice` })
      ports.push({ host: await this.#free(host, inside), inside })
    }
    return ports
  }

  /** What was asked for when the run was. A port that was taken meanwhile is said in the run's output. */
  async open({ id, request: { publish = [] } }: RunRow, launch: Launch, running: Pick<LiveRun, 'recorder'>): Promise<void> {
    const refusals = await Promise.all(publish.map(async (port) => ({ port, errno: await launch.publish(port) })))
    const lost = refusals.filter(({ errno }) => errno !== 0)
    for (const { port, errno } of lost) running.recorder.write('stderr', Buffer.from(`nexus: ${refusal(port, errno).message}\n`))
    if (lost.length > 0 && this.#live.get(id)) this.#note(id, 'daemon', publish.filter((port) => !lost.some((one) => one.port === port)))
  }

  async change(id: string, { publish, withdraw }: WishedPorts, actor: string): Promise<Run> {
    await this.#withdraw(id, withdraw, actor)
    await this.#publish(id, publish, actor)
    return this.#ledger.run(id)
  }

  async #publish(id: string, asked: AskedPorts, actor: string): Promise<void> {
    if (asked.length === 0) return
    const { request } = this.#ledger.row(id)
    if (request.net === 'on') throw new Problem('host-network', { what: `run ${id}`, port: asked[0]?.inside ?? '' })
    const launch = await this.#launched(id)
    const before = this.#of(id)
    // Asked for once more, it is there already.
    const fresh = asked.filter((port) => !before.some((one) => one.host === port.host && one.inside === port.inside))
    for (const port of (await this.found(fresh)) ?? []) {
      const errno = await launch.publish(port)
      if (errno !== 0) throw refusal(port, errno)
      this.#note(id, actor, [...this.#of(id), port])
    }
  }

  /** Connections that are there go on; no new ones come. */
  async #withdraw(id: string, hosts: readonly number[], actor: string): Promise<void> {
    if (hosts.length === 0) return
    const launch = await this.#launched(id)
    for (const host of hosts) {
      if (!this.#of(id).some((port) => port.host === host)) throw new Problem('no-published-port', { run: id, port: host })
      await launch.withdraw(host)
      this.#note(id, actor, this.#of(id).filter((port) => port.host !== host))
    }
  }

  #of(id: string): readonly Port[] {
    return this.#ledger.row(id).request.publish ?? []
  }

  #note(id: string, actor: string, publish: Port[]): void {
    const { publish: _, ...request } = this.#ledger.row(id).request
    this.#ledger.note(id, 'run.published', actor, { request: { ...request, ...(publish.length > 0 ? { publish } : {}) } }, { ports: publish })
  }

  /** A queued run has ports as soon as it runs. */
  async #launched(id: string): Promise<Launch> {
    while (this.#live.get(id) && !this.#live.get(id)?.launch) await this.#ledger.changed()
    return this.#live.launchOf(id, this.#ledger.row(id).status, 'reached')
  }

  async #free(host: number, inside: number): Promise<number> {
    if (host !== 0 && host === this.#dashboard) throw new Problem('publish-refused', { port: host, cause: 'it is the dashboard\'s', fix: `publish it elsewhere, as OTHER:${inside}` })
    const holder = host === 0 ? undefined : this.#ledger.inStatus('queued', 'running').find(({ request }) => request.publish?.some((port) => port.host === host))
    if (holder) throw new Problem('publish-taken', { port: host, by: `run ${holder.id}`, again: `OTHER:${inside}` })
    const server = createServer()
    try {
      server.listen({ port: host, host: '127.0.0.1', exclusive: true })
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address ? address.port : host
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      throw refusal({ host, inside }, constants.errno[code as keyof typeof constants.errno] ?? 0, error)
    } finally {
      server.close()
    }
  }
}

/** Throws Problem for a run that needs no publishing, or whose launcher cannot. */
export function requirePublishable({ publish, net }: { readonly publish?: readonly Port[] | undefined; readonly net?: Net | undefined }, { lacks, launcher }: Choice): void {
  const [first] = publish ?? []
  if (!first) return
  if (net === 'on') throw new Problem('host-network', { what: 'a run with --net on', port: first.inside })
  if (lacks?.includes('ports')) throw new Problem('backend-unavailable', { backend: launcher, cause: 'it cannot publish ports', fix: 'nexus doctor says how to get the native launcher' })
}

function refusal({ host, inside }: AskedPorts[number], errno: number, cause?: unknown): Problem {
  const { EADDRINUSE, EACCES, EPERM } = constants.errno
  if (errno === EADDRINUSE) return new Problem('publish-taken', { port: host, by: 'another program', again: `OTHER:${inside}` }, { cause })
  if (errno === EACCES) return new Problem('publish-refused', { port: host, cause: 'ports below 1024 are for root', fix: `nexus run --publish ${host + 8000}:${inside} …` }, { cause })
  if (errno === EPERM) return new Problem('publish-refused', { port: inside, cause: 'inside the run it leads out again (--net, --secret)', fix: 'let the server listen on another port' }, { cause })
  const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`
  return new Problem('publish-refused', { port: host, cause: code, fix: 'nexus daemon logs' }, { cause })
}
