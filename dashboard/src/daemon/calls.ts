/** The daemon's procedures as typed calls: one HTTP request each, so that they work whatever the event stream does. */
import type { TRPCClient } from '@trpc/client'
import type { ProblemShape } from '@nexus/protocol/problem'
import type { NexusRouter } from '@nexus/protocol/router'

export type Calls = TRPCClient<NexusRouter>

/** What the daemon refused, or why it could not be asked. */
export class Refusal extends Error {
  readonly problem: ProblemShape

  constructor(problem: ProblemShape) {
    super(problem.message)
    this.problem = problem
  }
}

export interface CallsParts {
  readonly secret: string
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
  /** The secret is not (or no longer) known to the daemon. */
  readonly onDenied: () => void
}

/** A request line longer than this is refused by Node's server: such a query goes as a body. */
const LINE_MAX = 8 * 1024

export function createCalls(parts: CallsParts): Calls {
  const call = (kind: 'query' | 'mutation', procedure: string) => (input: unknown) => carry(parts, kind, procedure, input)
  const rooms = everyName((room) => everyName((name) => ({ query: call('query', `${room}.${name}`), mutate: call('mutation', `${room}.${name}`) })))
  // The router's type says which names there are; at run time any name makes a call, and the daemon refuses a wrong one.
  return rooms as unknown as Calls
}

export function problemOf(error: unknown): ProblemShape {
  if (error instanceof Refusal) return error.problem
  return { code: 'bug', message: error instanceof Error ? error.message : String(error), next: 'reload this page; nexus daemon logs' }
}

function everyName(make: (name: string) => unknown): object {
  return new Proxy({}, { get: (_, name) => (typeof name === 'string' ? make(name) : undefined) })
}

async function carry({ secret, fetch, onDenied }: CallsParts, kind: 'query' | 'mutation', procedure: string, input: unknown): Promise<unknown> {
  const body = JSON.stringify(input ?? {})
  const line = `/trpc/${procedure}?input=${encodeURIComponent(body)}`
  const headers = { authorization: `Bearer ${secret}` }
  const posted = kind === 'mutation' || line.length > LINE_MAX
  const request = posted ? { path: `/trpc/${procedure}`, init: { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body } } : { path: line, init: { headers } }
  const answer = await fetch(request.path, { ...request.init, cache: 'no-store' }).catch((error: unknown) => {
    throw new Refusal({ code: 'daemon-unreachable', message: `the daemon does not answer: ${error instanceof Error ? error.message : String(error)}`, next: 'nexus daemon start' })
  })
  if (answer.status === 401) onDenied()
  const parsed = (await answer.json()) as { result?: { data?: unknown }; error?: { data?: { problem?: ProblemShape } } }
  if (parsed.result) return parsed.result.data
  throw new Refusal(parsed.error?.data?.problem ?? { code: 'daemon-unreachable', message: `its answer is not understood (${answer.status})`, next: 'nexus daemon logs' })
}
