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
import { receive } from './reception.ts'
import { Mistaken } from './visitor.ts'

export interface NetworkParts extends Pick<GateParts, 'resolve' | 'ownAddresses'> {
  readonly log: Pick<Log, 'warn'>
  readonly patienceMs?: number
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

  open(rules: readonly NetRule[], ask?: GateParts['ask']): Access {
    const { log, patienceMs = PATIENCE_MS, ...parts } = this.#parts
    const ports = [...new Set(rules.filter(({ kind }) => kind === 'loopback').flatMap((rule) => rule.ports))]
    let proxyPort = PROXY_PORT
    while (ports.includes(proxyPort)) proxyPort += 1
    const gate = new Gate({ ...parts, rules, ...(ask ? { ask } : {}) })
    const house = { gate, proxyPort, rules, patienceMs }
    const complain = (error: unknown) => { if (!(error instanceof Mistaken)) log.warn({ err: error }, 'a connection of a run broke off') }
    return {
      doors: { ports: [proxyPort, ...ports], attend: (channel) => attend(channel, (visitor) => receive(house, visitor), complain) },
      env: proxyEnvironment(proxyPort), denials: () => gate.denials,
    }
  }
}

/** As every program of this machine would look it up: /etc/hosts, then the resolver. */
export async function resolveHere(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address)
}

export function addressesHere(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
}
