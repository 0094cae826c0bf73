/**
 * The daemon's procedures as typed calls over the unix socket, starting or replacing the daemon where needed.
 * Always true here: a call is repeated only where nobody took the first one, so that no command runs twice: nobody
 * listened, or the daemon refused before it did anything. A connection that breaks later is told, never tried again.
 */
import type { TRPCClient } from '@trpc/client'
import { answerIn, callsOf, requestOf, type Answer, type Call } from '@nexus/protocol/calls'
import { Problem } from '@nexus/protocol/problem'
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

export function createClient(options: ClientOptions): Client {
  let told = false
  const warn = (line: string) => {
    if (!told) options.warn(line)
    told = true
  }
  return callsOf<Client>((call) => carry(call, { ...options, warn }))
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

async function attempt(call: Call, { socketPath, warn }: ClientOptions): Promise<Answer> {
  const { path, body } = requestOf(call)
  const head = await ask({ socketPath, path, ...(body === undefined ? {} : { method: 'POST', body }), headers: { 'x-nexus-build': BUILD } })
  const answer = understood(await textOf(head))
  const theirs = head.headers['x-nexus-build']
  const refused = 'problem' in answer && answer.problem.code === 'daemon-outdated'
  if (theirs !== undefined && theirs !== BUILD && !refused) warn('the daemon runs another build of Nexus and is busy, so it goes on; later: nexus daemon restart')
  return answer
}

function understood(text: string): Answer {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new Problem('daemon-unreachable', { cause: `its answer is not JSON: ${text.slice(0, 200)}` }, { cause })
  }
  const answer = answerIn(parsed)
  if (!answer) throw new Problem('daemon-unreachable', { cause: `its answer is not understood: ${text.slice(0, 200)}` })
  return answer
}
