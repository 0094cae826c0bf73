/**
 * The gate of one run: where it may go. Always true here: only what a rule names is reached; a name is looked up once, every
 * address it has is looked at, and the connection goes to one of those, never to what a second look-up would say.
 */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Denial, NetAnswer } from '@nexus/protocol/network'
import { shortened, type NetRule } from '@nexus/protocol/net-rule'
import { isSameAddress, placeOf } from './addresses.ts'

export type Passage =
  | { readonly type: 'open'; readonly addresses: readonly string[] }
  | { readonly type: 'denied'; readonly denial: Denial }
  /** Allowed, but there is no such host now. */
  | { readonly type: 'unknown'; readonly cause: string }

export interface GateParts {
  readonly rules: readonly NetRule[]
  /** Every address of a name. Rejects when it has none. */
  readonly resolve: (host: string) => Promise<readonly string[]>
  /** Those of this machine's own interfaces: what listens here for others is no part of the public network. */
  readonly ownAddresses: () => readonly string[]
  /** Asks whoever stands beside the run, if there is one now; undefined where the machine's settings have the last word. */
  readonly ask?: (host: string, port: number) => Promise<NetAnswer | 'nobody'>
}

/** A run that knocks everywhere must not fill the record. */
const DENIALS_MAX = 100

export class Gate {
  readonly #parts: GateParts
  readonly #denials = new Map<string, Denial>()
  readonly #asked = new Map<string, Promise<NetAnswer | 'nobody'>>()
  readonly #granted = new Set<string>()
  readonly #lookups = new Map<string, Promise<readonly string[]>>()

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  get denials(): Denial[] {
    return [...this.#denials.values()]
  }

  /** `host` as the visitor wrote it: a name, or an address, IPv6 with or without brackets. */
  async pass(written: string, port: number): Promise<Passage> {
    const host = plainHost(written)
    if (host === null) return this.#deny(written, port, 'not-listed', 'this is no host')
    const { rules } = this.#parts
    const named = rules.filter((rule) => names(rule, host))
    const rule = named.find(({ ports }) => ports.includes(port))
    if (rule) return this.#open(host, port, rule)
    const place = isIP(host) === 0 ? null : placeOf(host)
    if (await this.#isGranted(host, port, place)) return this.#open(host, port, undefined)
    if (this.#asked.has(`${host}:${port}`)) return this.#deny(host, port, 'refused', 'a person was asked and did not allow it')
    if (named.length > 0) return this.#deny(host, port, 'port', `the list has ${named.map(({ text }) => text).join(', ')}`)
    return this.#deny(host, port, 'not-listed', place === null ? 'it is not on the list' : `${place} that is not on the list`)
  }

  async #open(host: string, port: number, rule: NetRule | undefined): Promise<Passage> {
    if (rule?.address !== undefined) return { type: 'open', addresses: [rule.address] }
    if (rule?.kind === 'loopback' && rule.host === 'localhost') return { type: 'open', addresses: ['127.0.0.1', '::1'] }
    // A person listed it literally, or said yes to it.
    if (isIP(host) !== 0) return { type: 'open', addresses: [host] }
    let addresses: readonly string[]
    try {
      addresses = await this.#lookUp(host)
    } catch (error) {
      return { type: 'unknown', cause: error instanceof Error ? error.message : String(error) }
    }
    const own = this.#parts.ownAddresses()
    for (const address of addresses) {
      const place = placeOf(address) ?? (own.some((one) => isSameAddress(one, address)) ? 'an address of this machine' : null)
      if (place !== null) return this.#deny(host, port, 'private', `the name leads to ${address}, ${place}; one that shall lead there is listed as ${host}=${isIP(address) === 6 ? `[${address}]` : address}`)
    }
    return addresses.length > 0 ? { type: 'open', addresses } : { type: 'unknown', cause: 'the name has no address' }
  }

  /** Many ask for one name at the same moment: one look-up serves all of them. */
  #lookUp(host: string): Promise<readonly string[]> {
    const known = this.#lookups.get(host)
    if (known) return known
    const lookup = this.#parts.resolve(host).finally(() => this.#lookups.delete(host))
    this.#lookups.set(host, lookup)
    return lookup
  }

  /** A question about a place that is not public is never asked: a yes out of habit would open the machine. */
  async #isGranted(host: string, port: number, place: string | null): Promise<boolean> {
    const { ask } = this.#parts
    const target = `${host}:${port}`
    if (this.#granted.has(target)) return true
    if (!ask || place !== null || host === 'localhost') return false
    const asked = this.#asked.get(target) ?? ask(host, port)
    this.#asked.set(target, asked)
    const answer = await asked
    if (answer === 'run') this.#granted.add(target)
    // Those that wait now are let in; the next one asks again. So does the one for whom nobody was there.
    if (answer === 'once' || answer === 'nobody') this.#asked.delete(target)
    return answer === 'once' || answer === 'run'
  }

  #deny(host: string, port: number, reason: Denial['reason'], why: string): Passage {
    const target = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const key = `${target} ${reason}`
    const before = this.#denials.get(key)
    const denial: Denial = { kind: 'network', target, host, port, count: (before?.count ?? 0) + 1, reason, why, ...this.#allowing(host, port, reason) }
    if (before || this.#denials.size < DENIALS_MAX) this.#denials.set(key, denial)
    return { type: 'denied', denial }
  }

  /** The whole list with this one more: what a person types next. */
  #allowing(host: string, port: number, reason: Denial['reason']): { allow?: string } {
    // Where clouds keep the keys of a machine: nobody shall list it because a line to copy was there.
    if (reason === 'private' || plainHost(host) === null || placeOf(host) === 'a link-local address') return {}
    const text = `${host.includes(':') ? `[${host}]` : host}${port === 80 || port === 443 ? '' : `:${port}`}`
    return { allow: `nexus run --net ${[...shortened(this.#parts.rules), text].join(',')} -- …` }
  }
}

/** Does the rule speak of this host? Addresses are only named literally: a pattern of names never matches one. */
function names({ kind, host: named }: NetRule, host: string): boolean {
  if (isIP(host) !== 0) return (kind === 'address' || kind === 'loopback') && isIP(named) !== 0 && isSameAddress(named, host)
  return kind === 'below' ? host.endsWith(named) && host.length > named.length : kind !== 'address' && named === host
}

/** In the one way the rules are written; null for what is no host at all. */
function plainHost(written: string): string | null {
  const bare = written.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isIP(bare) !== 0) return bare
  // Also refuses what libraries take for an address although it does not look like one: 0x7f.1, 2130706433, 127.1.
  if (!/^([a-z0-9_.-]|[^\0-\x7f])+$/.test(bare)) return null
  const name = domainToASCII(bare.replace(/\.$/, ''))
  if (name === '' || name.length > 253 || isIP(name) !== 0 || !/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)) return null
  return /^(\d+|0x[0-9a-f]*)$/.test(name.split('.').at(-1) ?? '') ? null : name
}
