/**
 * What callers handed to runs, and what they typed where that holds a secret: here, in memory, and nowhere else. Secrets that
 * Nexus keeps come from where it keeps them, and are taken out of what every run says.
 */
import type { Handed as Values } from '@nexus/protocol/handed'
import { parseNetRule } from '@nexus/protocol/net-rule'
import { Problem } from '@nexus/protocol/problem'
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { RunRequest } from '@nexus/protocol/runs'
import type { Key } from '../network/network.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import type { KeptSecrets } from '../secrets/kept.ts'
import type { KnownSecret } from '../secrets/secrets.ts'
import type { RunRow } from './ledger.ts'
import { cleaned, cleanedVerdict, cleaner, type Lines, type Redact } from './lines.ts'

export type { Lines } from './lines.ts'

/** A run that waits for a person longer than that is asked for anew. */
const PATIENCE_MS = 3_600_000
/** Shorter values of ordinary variables are words like `production`, which no output can spare. */
const TELLING = 8
/** So many runs with a secret in their words can be run again. */
const LINES_MAX = 1000

export interface InHand {
  readonly env: Readonly<Record<string, string>>
  readonly known: readonly KnownSecret[]
  readonly keys: readonly Key[]
}

export class Handed {
  readonly #kept: Pick<KeptSecrets, 'known' | 'value'>
  readonly #redact: Redact
  readonly #runs = new Map<string, InHand>()
  readonly #patience = new Map<string, NodeJS.Timeout>()
  readonly #lines = new Map<string, Lines>()

  constructor(kept: Pick<KeptSecrets, 'known' | 'value'>, redact: Redact) {
    this.#kept = kept
    this.#redact = redact
  }

  /** What a request hands over, and what is secret in it. Throws Problem: bad-request, no-secret. */
  taken(values: Values | undefined): InHand {
    const known = this.#kept.known()
    if (!values) return { env: {}, known, keys: [] }
    const secrets = { ...values.secrets, ...Object.fromEntries(values.kept.map((name) => [name, this.#kept.value(name)])) }
    const keys = values.keys.map((key) => keyOf({ ...key, value: key.value ?? this.#kept.value(key.name) }))
    const own = [...Object.entries(secrets), ...keys.map(({ name, value }) => [name, value] as const), ...Object.entries(values.env).filter(([, value]) => value.length >= TELLING)].map(([name, value]) => ({ name, value }))
    return { env: { ...values.env, ...secrets }, known: [...own, ...known], keys }
  }

  /** A new run: keeps what it needs, and tells what may be written of it. Throws Problem as `taken` does. */
  takeIn(id: string, values: Values | undefined, request: RunRequest, verdict: RunVerdict): { stored: RunRequest; verdict: RunVerdict } {
    const { isRedacted: _, ...asked } = request
    const inHand = this.taken(values)
    if (values) {
      this.#runs.set(id, inHand)
      this.#patience.set(id, setTimeout(() => this.forget(id), PATIENCE_MS).unref())
    }
    const clean = cleaner(this.#redact, inHand.known)
    const { lines, isRedacted } = cleaned(asked, clean)
    if (isRedacted) this.#keepLines(id, asked)
    return { stored: { ...asked, ...lines, ...(isRedacted ? { isRedacted } : {}) }, verdict: cleanedVerdict(verdict, clean) }
  }

  /** Throws Problem `handed-gone`: a run is never started without what it was promised. */
  of({ id, request }: RunRow): InHand {
    const values = this.#runs.get(id)
    if (!values && request.handedNames) throw new Problem('handed-gone', { names: request.handedNames.join(', ') })
    return values ?? this.taken(undefined)
  }

  /** Nobody is waited for any more: from here the run has it until it is over, were that days. */
  begin(id: string): void {
    clearTimeout(this.#patience.get(id))
    this.#patience.delete(id)
  }

  forget(id: string): void {
    this.begin(id)
    this.#runs.delete(id)
  }

  #keepLines(id: string, { command, check }: Lines): void {
    this.#lines.set(id, { command, ...(check === undefined ? {} : { check }) })
    const [oldest] = this.#lines.keys()
    if (this.#lines.size > LINES_MAX && oldest !== undefined) this.#lines.delete(oldest)
  }

  /** As they were typed. Throws Problem `handed-gone` where only what is left of them without their secrets is known. */
  linesOf({ id, request: { command, check, isRedacted } }: Pick<RunRow, 'id' | 'request'>): Lines {
    const typed = this.#lines.get(id)
    if (!typed && isRedacted) throw new Problem('handed-gone', { names: 'the secrets in its command line' })
    return typed ?? { command, ...(check === undefined ? {} : { check }) }
  }
}

/** Throws Problem where other users of the machine would see the values in the list of processes. */
export function requireHidden({ handed }: { readonly handed?: Values | undefined }, { lacks, launcher }: Choice): void {
  // A key for one host stays with the daemon.
  const isInside = handed !== undefined && Object.keys(handed.env).length + Object.keys(handed.secrets).length + handed.kept.length > 0
  if (isInside && lacks?.includes('secrets')) throw new Problem('backend-unavailable', { backend: launcher, cause: 'everybody on this machine would see what is handed to a run in the list of processes', fix: 'nexus doctor says how to get the native launcher' })
}

/** One host, by name and by one port. */
function keyOf({ name, rule: text, header, value }: Values['keys'][number] & { readonly value: string }): Key {
  const rule = parseNetRule(text)
  if (typeof rule === 'string' || rule.kind !== 'name') throw new Problem('bad-request', { what: `${name}@${text}: ${typeof rule === 'string' ? rule : 'a key is for one host, by its name'}` })
  return { name, value, rule: rule.ports.length === 1 ? rule : { ...rule, ports: [443] }, ...(header === undefined ? {} : { header }) }
}

/** What may be stored of a request; `refill`: what of it Nexus keeps, and can hand again. */
export function withoutValues<Request extends { handed?: Values | undefined }>({ handed, ...rest }: Request): Omit<Request, 'handed'> & Pick<RunRequest, 'handedNames' | 'refill'> {
  if (!handed) return rest
  const { env, secrets, kept, keys } = handed
  const refill = { kept, keys: keys.filter(({ value }) => value === undefined) }
  return { ...rest, handedNames: [...Object.keys(env), ...Object.keys(secrets), ...kept, ...keys.map(({ name, rule }) => `${name}@${rule}`)], ...(kept.length + refill.keys.length > 0 ? { refill } : {}) }
}
