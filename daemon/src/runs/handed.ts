/** What callers handed to runs: here, in memory, for as long as the run lasts, and nowhere else. */
import type { Handed as Values } from '@nexus/protocol/handed'
import { parseNetRule } from '@nexus/protocol/net-rule'
import { Problem } from '@nexus/protocol/problem'
import type { Key } from '../network/network.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import type { KnownSecret } from '../secrets/secrets.ts'
import type { RunRow } from './ledger.ts'

/** A run that waits for a person longer than that is asked for anew. */
const PATIENCE_MS = 3_600_000
/** Shorter values of ordinary variables are words like `production`, which no output can spare. */
const TELLING = 8

export interface InHand {
  readonly env: Readonly<Record<string, string>>
  readonly known: readonly KnownSecret[]
  readonly keys: readonly Key[]
}

export class Handed {
  readonly #runs = new Map<string, InHand>()

  /** Throws Problem `bad-request`. */
  keep(id: string, { env, secrets, keys: given }: Values): void {
    const keys = given.map(keyOf)
    const known = [...Object.entries(secrets), ...keys.map(({ name, value }) => [name, value] as const), ...Object.entries(env).filter(([, value]) => value.length >= TELLING)].map(([name, value]) => ({ name, value }))
    this.#runs.set(id, { env: { ...env, ...secrets }, known, keys })
    setTimeout(() => this.forget(id), PATIENCE_MS).unref()
  }

  /** Throws Problem `handed-gone`: a run is never started without what it was promised. */
  of({ id, request }: RunRow): InHand {
    const values = this.#runs.get(id)
    if (!values && request.handedNames) throw new Problem('handed-gone', { names: request.handedNames.join(', ') })
    return values ?? { env: {}, known: [], keys: [] }
  }

  forget(id: string): void {
    this.#runs.delete(id)
  }
}

/** Throws Problem where other users of the machine would see the values in the list of processes. */
export function requireHidden({ handed }: { readonly handed?: Values | undefined }, { lacks, launcher }: Choice): void {
  if (handed && lacks?.includes('secrets')) throw new Problem('backend-unavailable', { backend: launcher, cause: 'everybody on this machine would see what is handed to a run in the list of processes', fix: 'nexus doctor says how to get the native launcher' })
}

/** One host, by name and by one port. */
export function keyOf({ name, rule: text, header, value }: Values['keys'][number]): Key {
  const rule = parseNetRule(text)
  if (typeof rule === 'string' || rule.kind !== 'name') throw new Problem('bad-request', { what: `${name}@${text}: ${typeof rule === 'string' ? rule : 'a key is for one host, by its name'}` })
  return { name, value, rule: rule.ports.length === 1 ? rule : { ...rule, ports: [443] }, ...(header === undefined ? {} : { header }) }
}

/** What may be stored of a request. */
export function withoutValues<Request extends { handed?: Values | undefined }>({ handed, ...rest }: Request): Omit<Request, 'handed'> & { handedNames?: string[] } {
  return handed ? { ...rest, handedNames: [...Object.keys(handed.env), ...Object.keys(handed.secrets), ...handed.keys.map(({ name, rule }) => `${name}@${rule}`)] } : rest
}
