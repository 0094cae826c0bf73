/**
 * Network: where a run may go, and the proxy that leads it there. The sandbox has no way out of its own; the doors of its
 * loopback lead to a ferry (see daemon/native/launch-ferry.c), and the ferry does what is decided here.
 * Always true here: who is not named is not reached; what is said inside is only ever read by this code, in TypeScript;
 * one run's list serves that run alone, and ends with it. TLS is never opened.
 */
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Denial } from '@nexus/protocol/network'
import type { NetRule } from '@nexus/protocol/net-rule'
import type { Log } from '../base/log.ts'
import { proxyEnvironment } from './environment.ts'
import { attend } from './ferry.ts'
import { Gate, type GateParts } from './gate.ts'
import { keyEnvironment, secureHere, serveKey, type Key, type Secure } from './keys.ts'
import { receive } from './reception.ts'
import { Mistaken, type Visitor } from './visitor.ts'

export type { Key } from './keys.ts'

export interface NetworkParts extends Pick<GateParts, 'resolve' | 'ownAddresses'> {
  readonly log: Pick<Log, 'warn'>
  readonly patienceMs?: number
  readonly secure?: Secure
}

export interface Opening {
  readonly ask?: GateParts['ask']
  readonly keys?: readonly Key[]
}

/** What one run has of the network. */
export interface Access {
  /** For the launcher: ports of the sandbox's lo, and who answers there. */
  readonly doors: { readonly ports: readonly number[]; attend(channel: Duplex): void }
  /** What the command's environment gets on top. */
  readonly env: Readonly<Record<string, string>>
  readonly denials: () => Denial[]
}

/** Where nothing usually listens; the next one where the person needs that very port. */
const PROXY_PORT = 41_080
const PATIENCE_MS = 15_000

export class Network {
  readonly #parts: NetworkParts

  constructor(parts: NetworkParts) {
    this.#parts = parts
  }

  open(rules: readonly NetRule[], { ask, keys = [] }: Opening = {}): Access {
    const { log, patienceMs = PATIENCE_MS, secure = secureHere, ...parts } = this.#parts
    const ports = [...new Set(rules.filter(({ kind }) => kind === 'loopback').flatMap((rule) => rule.ports))]
    const proxyPort = freeFrom(PROXY_PORT, ports)
    const gate = new Gate({ ...parts, rules, ...(ask ? { ask } : {}) })
    const keyed = keys.map((key, at) => ({ key, port: freeFrom(proxyPort + 1 + at * 100, ports), gate: new Gate({ ...parts, rules: [key.rule] }) }))
    const house = { gate, proxyPort, rules, patienceMs, keys: new Map(keyed.map((one) => [one.port, (visitor: Visitor) => serveKey(visitor, one.key, one.gate, secure)])) }
    const complain = (error: unknown) => { if (!(error instanceof Mistaken)) log.warn({ err: error }, 'a connection of a run broke off') }
    return {
      doors: { ports: [proxyPort, ...ports, ...keyed.map(({ port }) => port)], attend: (channel) => attend(channel, (visitor) => receive(house, visitor), complain) },
      env: { ...proxyEnvironment(proxyPort), ...Object.assign({}, ...keyed.map(({ key, port }) => keyEnvironment(key, port))) as Record<string, string> }, denials: () => [gate, ...keyed.map((one) => one.gate)].flatMap(({ denials }) => denials),
    }
  }
}

function freeFrom(port: number, taken: readonly number[]): number {
  return taken.includes(port) ? freeFrom(port + 1, taken) : port
}

/** As every program of this machine would look it up: /etc/hosts, then the resolver. */
export async function resolveHere(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address)
}

export function addressesHere(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
}
