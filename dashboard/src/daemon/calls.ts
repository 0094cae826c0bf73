/** The daemon's procedures as typed calls: one HTTP request each, so that they work whatever the event stream does. */
import type { TRPCClient } from '@trpc/client'
import { answerIn, callsOf, requestOf, type Call } from '@nexus/protocol/calls'
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

export function createCalls(parts: CallsParts): Calls {
  return callsOf<Calls>((call) => carry(parts, call))
}

export function problemOf(error: unknown): ProblemShape {
  if (error instanceof Refusal) return error.problem
  return { code: 'bug', message: error instanceof Error ? error.message : String(error), next: 'reload this page; nexus daemon logs' }
}

async function carry({ secret, fetch, onDenied }: CallsParts, call: Call): Promise<unknown> {
  const { path, body } = requestOf(call)
  const headers = { authorization: `Bearer ${secret}` }
  const init = body === undefined ? { headers } : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
  const head = await fetch(path, { ...init, cache: 'no-store' }).catch((error: unknown) => {
    throw new Refusal({ code: 'daemon-unreachable', message: `the daemon does not answer: ${error instanceof Error ? error.message : String(error)}`, next: 'nexus daemon start' })
  })
  if (head.status === 401) onDenied()
  // What is no JSON is no answer of the daemon's either.
  const answer = answerIn(await head.json().catch(() => undefined))
  if (answer && 'data' in answer) return answer.data
  throw new Refusal(answer?.problem ?? { code: 'daemon-unreachable', message: `its answer is not understood (${head.status})`, next: 'nexus daemon logs' })
}
