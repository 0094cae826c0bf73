/**
 * The daemon's procedures as typed calls: one HTTP request each over the unix socket, in tRPC's own form, starting or
 * replacing the daemon where needed. Of @trpc/client only the types are used: loading it costs every command 7 ms.
 */
import type { TRPCClient } from '@trpc/client'
import { Problem, type ProblemShape } from '@nexus/protocol/problem'
import type { NexusRouter } from '@nexus/protocol/router'
import { BUILD } from '../build.ts'
import { ask, textOf } from './http.ts'
import { isAbsent, problemFrom, unreachable } from './problems.ts'

export type Client = TRPCClient<NexusRouter>

export interface ClientOptions {
  readonly socketPath: string
  /** Called when nobody answers at the socket; resolves when somebody does. */
  readonly start: () => Promise<void>
  /** Called when a daemon of another build, or one that is stopping, refused; resolves when ours answers. */
  readonly replace: () => Promise<void>
  readonly warn: (line: string) => void
}

interface Call {
  readonly kind: 'query' | 'mutation'
  /** room.procedure */
  readonly procedure: string
  readonly input: unknown
}
type Answer = { readonly data: unknown } | { readonly problem: ProblemShape }

/** A request line longer than this is refused by Node's server: such a query goes as a body. */
const LINE_MAX = 8 * 1024

export function createClient(options: ClientOptions): Client {
  let told = false
  const warn = (line: string) => {
    if (!told) options.warn(line)
    told = true
  }
  const call = (kind: Call['kind'], procedure: string) => (input: unknown) => carry({ kind, procedure, input }, { ...options, warn })
  const rooms = everyName((room) => everyName((name) => ({ query: call('query', `${room}.${name}`), mutate: call('mutation', `${room}.${name}`) })))
  // The router's type says which names there are; at run time any name makes a call, and the daemon refuses a wrong one.
  return rooms as unknown as Client
}

function everyName(make: (name: string) => unknown): object {
  return new Proxy({}, { get: (_, name) => (typeof name === 'string' ? make(name) : undefined) })
}

async function carry(call: Call, options: ClientOptions): Promise<unknown> {
  let answer = await attempt(call, options).catch(async (error: unknown) => {
    if (!isAbsent(error)) throw unreachable(error)
    await options.start()
    return attempt(call, options).catch((again: unknown) => { throw unreachable(again) })
  })
  // Both refuse before they do anything, so the call may be repeated.
  if ('problem' in answer && (answer.problem.code === 'daemon-outdated' || answer.problem.code === 'daemon-stopping')) {
    await options.replace()
    answer = await attempt(call, options).catch((error: unknown) => { throw unreachable(error) })
  }
  if ('problem' in answer) throw problemFrom(answer.problem)
  return answer.data
}

async function attempt({ kind, procedure, input }: Call, { socketPath, warn }: ClientOptions): Promise<Answer> {
  const body = JSON.stringify(input ?? {})
  const line = `/trpc/${procedure}?input=${encodeURIComponent(body)}`
  const posted = kind === 'mutation' || line.length > LINE_MAX
  const request = posted ? { path: `/trpc/${procedure}`, method: 'POST' as const, body } : { path: line }
  const head = await ask({ socketPath, ...request, headers: { 'x-nexus-build': BUILD } })
  const answer = answerIn(await textOf(head))
  const theirs = head.headers['x-nexus-build']
  const refused = 'problem' in answer && answer.problem.code === 'daemon-outdated'
  if (theirs !== undefined && theirs !== BUILD && !refused) warn('the daemon runs another build of Nexus and is busy, so it goes on; later: nexus daemon restart')
  return answer
}

function answerIn(text: string): Answer {
  let parsed: { result?: { data?: unknown }; error?: { data?: { problem?: ProblemShape } } }
  try {
    parsed = JSON.parse(text) as typeof parsed
  } catch (cause) {
    throw new Problem('daemon-unreachable', { cause: `its answer is not JSON: ${text.slice(0, 200)}` }, { cause })
  }
  if (parsed.result) return { data: parsed.result.data }
  const problem = parsed.error?.data?.problem
  if (!problem) throw new Problem('daemon-unreachable', { cause: `its answer is not understood: ${text.slice(0, 200)}` })
  return { problem }
}
