/**
 * The procedures as typed calls, one HTTP request each, in tRPC's own form: what both clients send, and what comes back.
 * Of @trpc/client only the types are used: it is more to load than all of this.
 */
import type { ProblemShape } from './problem.ts'

export interface Call {
  readonly kind: 'query' | 'mutation'
  /** room.procedure */
  readonly procedure: string
  readonly input: unknown
}

/** `room.procedure.query(input)` and `.mutate(input)`, each carried by `carry`. */
export function callsOf<Calls>(carry: (call: Call) => Promise<unknown>): Calls {
  const call = (kind: Call['kind'], procedure: string) => (input: unknown) => carry({ kind, procedure, input })
  const rooms = everyName((room) => everyName((name) => ({ query: call('query', `${room}.${name}`), mutate: call('mutation', `${room}.${name}`) })))
  // The router's type says which names there are; at run time any name makes a call, and the daemon refuses a wrong one.
  return rooms as Calls
}

/** A request line longer than this is refused by Node's server: such a query goes as a body. */
const LINE_MAX = 8 * 1024

/** `body` is JSON; without it, a GET. */
export function requestOf({ kind, procedure, input }: Call): { readonly path: string; readonly body?: string } {
  const body = JSON.stringify(input ?? {})
  const line = `/trpc/${procedure}?input=${encodeURIComponent(body)}`
  return kind === 'mutation' || line.length > LINE_MAX ? { path: `/trpc/${procedure}`, body } : { path: line }
}

export type Answer = { readonly data: unknown } | { readonly problem: ProblemShape }

/** Undefined: no answer of this daemon's. */
export function answerIn(parsed: unknown): Answer | undefined {
  // Whatever it is, only these members are looked for.
  const { result, error } = (parsed ?? {}) as { result?: { data?: unknown }; error?: { data?: { problem?: ProblemShape } } }
  if (result) return { data: result.data }
  const problem = error?.data?.problem
  return problem && { problem }
}

function everyName(make: (name: string) => unknown): object {
  return new Proxy({}, { get: (_, name) => (typeof name === 'string' ? make(name) : undefined) })
}
