/** The daemon of a test, asked over its socket: a call costs milliseconds where a command costs a process. */
import { join } from 'node:path'
import type { ProblemShape } from '@nexus/protocol/problem'
import type { Client } from '../../cli/src/daemon/client.ts'
import { ask, textOf } from '../../cli/src/daemon/http.ts'
import type { Nexus } from '../nexus.ts'

/** What the daemon refused. */
export class Refused extends Error {
  readonly code: ProblemShape['code']

  constructor({ code, message }: ProblemShape) {
    super(`${code}: ${message}`)
    this.code = code
  }
}

export function callsTo(nexus: Nexus): Client {
  const socketPath = join(nexus.base, 'state/run/daemon.sock')
  const call = (procedure: string) => async (input: unknown) => {
    const answer = JSON.parse(await textOf(await ask({ socketPath, path: `/trpc/${procedure}`, method: 'POST', body: JSON.stringify(input ?? {}) }))) as { result?: { data?: unknown }; error?: { data: { problem: ProblemShape } } }
    if (answer.error) throw new Refused(answer.error.data.problem)
    return answer.result?.data
  }
  // As the clients do it: any name makes a call, and the router's type says which there are.
  const names = (make: (name: string) => unknown) => new Proxy({}, { get: (_, name) => (typeof name === 'string' ? make(name) : undefined) })
  return names((room) => names((name) => ({ query: call(`${room}.${name}`), mutate: call(`${room}.${name}`) }))) as unknown as Client
}
