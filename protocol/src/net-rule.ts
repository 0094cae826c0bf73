/**
 * What a person writes after `--net` or under `network.allow`: presets, names, and addresses.
 *   npm                      a preset: see net-presets.ts
 *   example.com              that name, ports 80 and 443
 *   *.example.com:8443       every name below it, that port alone
 *   10.0.0.5:5432            a literal address: only a person may list one, and then it is reached
 *   localhost:3000           a port of this machine: inside, at the same port of the sandbox's own lo
 *   mirror.corp=10.0.0.5     a name that is not looked up: it leads to this address
 */
import { PRESETS } from './net-presets.ts'

export interface NetRule {
  /** As it is written again: lower case, without a default port. */
  readonly text: string
  readonly kind: 'name' | 'below' | 'address' | 'loopback'
  /** The name (of `below`: what it ends with, the dot included) or the address, IPv6 without brackets. */
  readonly host: string
  readonly ports: readonly number[]
  /** Where a name leads without being looked up. */
  readonly address?: string
}

const DEFAULT_PORTS: readonly number[] = [80, 443]
/** Nobody writes more by hand. */
const RULES_MAX = 200

export type ParsedRules = { readonly rules: readonly NetRule[] } | { readonly fault: string }

/** Words and what is between their commas; presets become their rules. */
export function parseNetRules(words: readonly string[]): ParsedRules {
  const rules = new Map<string, NetRule>()
  for (const word of words.flatMap((several) => several.split(',')).map((one) => one.trim()).filter((one) => one !== '')) {
    for (const text of PRESETS[word.toLowerCase()]?.hosts ?? [word]) {
      const rule = parseNetRule(text)
      if (typeof rule === 'string') return { fault: rule }
      rules.set(rule.text, rule)
    }
  }
  if (rules.size === 0) return { fault: 'no host is named' }
  return rules.size > RULES_MAX ? { fault: `more than ${RULES_MAX} hosts are named` } : { rules: [...rules.values()] }
}

/** The rule, or what is wrong with it. */
export function parseNetRule(text: string): NetRule | string {
  const [, hostText = '', , portText, pin] = /^(\[[^\]]*\]|[^:=[\]]*)(:(\d+))?(?:=(.+))?$/.exec(text.toLowerCase()) ?? []
  const port = portText === undefined ? undefined : Number(portText)
  if (hostText === '') return `${text}: expected HOST, HOST:PORT, *.HOST or one of ${Object.keys(PRESETS).join(', ')}`
  if (port !== undefined && (port < 1 || port > 65_535)) return `${text}: ${port} is not a port`
  const host = hostText.replace(/\.$/, '')
  const ports = port === undefined ? DEFAULT_PORTS : [port]
  const ending = `${port === undefined ? '' : `:${port}`}${pin === undefined ? '' : `=${pin}`}`
  if (host === 'localhost' || isLoopback(host)) {
    if (pin !== undefined) return `${text}: ${host} leads nowhere else`
    if (port === undefined) return `${text}: name the port, as in ${host}:3000`
    return { text: `${host}${ending}`, kind: 'loopback', host: host.replace(/^\[|\]$/g, ''), ports }
  }
  if (isAddress(host)) return pin === undefined ? { text: `${host}${ending}`, kind: 'address', host: host.replace(/^\[|\]$/g, ''), ports } : `${text}: ${host} is an address already`
  const name = host.replace(/^\*\./, '')
  if (!isName(name)) return `${text}: ${hostText} is neither a name nor an address`
  if (pin !== undefined && !isAddress(pin)) return `${text}: ${pin} is not an address`
  const address = pin === undefined ? {} : { address: pin.replace(/^\[|\]$/g, '') }
  if (host === name) return { text: `${host}${ending}`, kind: 'name', host, ports, ...address }
  // Whole countries and companies' customers live below some names of one word.
  return name.includes('.') ? { text: `${host}${ending}`, kind: 'below', host: `.${name}`, ports, ...address } : `${text}: too wide, name more than *.${name}`
}

/** Does whoever has `outer` reach everything that `inner` names? */
export function covers(outer: NetRule, inner: NetRule): boolean {
  if (!inner.ports.every((port) => outer.ports.includes(port)) || outer.address !== inner.address) return false
  if (outer.kind === 'below') return (inner.kind === 'name' || inner.kind === 'below') && inner.host.endsWith(outer.host)
  return outer.kind === inner.kind && outer.host === inner.host
}

/** The rules as a person would write them: a preset whose hosts are all there by its name. */
export function shortened(rules: readonly NetRule[]): string[] {
  const left = new Set(rules.map(({ text }) => text))
  const names = Object.entries(PRESETS).filter(([, { hosts }]) => hosts.every((host) => left.has(host))).map(([name, { hosts }]) => {
    for (const host of hosts) left.delete(host)
    return name
  })
  return [...names, ...left]
}

/** Names that a person alone may say: they lead into this machine or its own network. */
export function isPersonal({ kind, address }: NetRule): boolean {
  return kind === 'address' || kind === 'loopback' || address !== undefined
}

function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '[::1]'
}

function isAddress(host: string): boolean {
  if (host.startsWith('[')) return /^\[[0-9a-f:.]+\]$/.test(host) && host.includes(':')
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
}

/** What ends in a number would be read as an address by many libraries (127.1, 0x7f.1, 2130706433), and is no name. */
function isName(host: string): boolean {
  const labels = host.split('.')
  return host.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)) && !/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
}
