/** A run without a network that failed in words of programs that miss it: npm speaks of EAI_AGAIN, and nobody thinks of a flag. */
import { fromBytes } from './bytes.ts'
import { PRESETS } from './net-presets.ts'
import type { Run } from './runs.ts'

/** What a first group holds is the host that was looked for. */
const WORDS: readonly RegExp[] = [
  /getaddrinfo (?:EAI_AGAIN|ENOTFOUND) ([\w.-]+)/g, /could not resolve (?:host|proxy|hostname):? '?([\w.-]+)/gi, /temporary failure resolving '([\w.-]+)'/gi, /failed to resolve '([\w.-]+)'/gi,
  /unable to resolve host(?: address)?[^\w]{1,5}([\w.-]+)/gi, /lookup ([\w.-]+)(?: on [\d.:[\]a-f]+)?: /g, /failed to lookup address information|temporary failure in name resolution|name or service not known/gi, /network is unreachable|ENETUNREACH/gi,
]
const READ_MAX = 64 * 1024
const HOSTS_MAX = 3

export interface MissedNetwork {
  readonly hosts: readonly string[]
  /** The command line that would allow it. */
  readonly allow: string
}

export function missedNetwork({ exitCode, network, flags, stdout, stderr }: Pick<Run, 'exitCode' | 'network' | 'flags' | 'stdout' | 'stderr'>): MissedNetwork | undefined {
  if (exitCode === 0 || network !== undefined || flags.includes('host-network')) return undefined
  const said = [stdout, stderr].map((bytes) => fromBytes(bytes).toString('latin1').slice(-READ_MAX)).join('\n')
  const found = WORDS.flatMap((pattern) => [...said.matchAll(pattern)])
  if (found.length === 0) return undefined
  const hosts = [...new Set(found.flatMap((match) => match[1]?.replace(/\.+$/, '').toLowerCase() ?? []))].filter((host) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host) && /[a-z]$/.test(host)).slice(0, HOSTS_MAX)
  return { hosts, allow: `nexus run --net ${hosts.length === 0 ? 'HOST,…' : [...new Set(hosts.map(shortest))].join(',')} -- …` }
}

function shortest(host: string): string {
  return Object.entries(PRESETS).find(([, { hosts }]) => hosts.includes(host))?.[0] ?? host
}
