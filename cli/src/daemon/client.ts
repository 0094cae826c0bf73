/** The tRPC client of one command: plain HTTP over the unix socket, starting or restarting the daemon where needed. */
import { createTRPCClient, httpBatchLink, TRPCClientError, type TRPCClient } from '@trpc/client'
import type { Home } from '@nexus/protocol/home'
import { Problem, PROBLEMS, type ProblemShape } from '@nexus/protocol/problem'
import type { NexusRouter } from '@nexus/protocol/router'
import { BUILD } from '../build.ts'
import { ask, textOf } from './http.ts'

export type Client = TRPCClient<NexusRouter>

export interface ClientOptions {
  readonly home: Home
  /** Called when nobody answers at the socket; resolves when somebody does. */
  readonly start: () => Promise<void>
  /** Called when an idle daemon of another build answered; resolves when our build answers. */
  readonly restart: () => Promise<void>
  readonly warn: (line: string) => void
}

export function createClient(options: ClientOptions): Client {
  return createTRPCClient<NexusRouter>({
    // maxItems 1: a command asks one thing; httpLink is not used because importing it loads undici.
    links: [httpBatchLink({ url: 'http://nexus/trpc', maxItems: 1, fetch: (url, init) => send(String(url), init ?? {}, options) as unknown as Promise<Response> })],
  })
}

interface Init { method?: string; body?: unknown; headers?: unknown; signal?: AbortSignal | null }
interface Answer { ok: boolean; status: number; json: () => Promise<unknown> }

async function send(url: string, init: Init, options: ClientOptions): Promise<Answer> {
  const first = await attempt(url, init, options).catch(async (error: NodeJS.ErrnoException) => {
    if (!isAbsent(error)) throw error
    await options.start()
    return attempt(url, init, options)
  })
  if (first.status !== 409) return first
  await options.restart()
  return attempt(url, init, options)
}

async function attempt(url: string, init: Init, { home, warn }: ClientOptions): Promise<Answer> {
  const path = url.slice(url.indexOf('/trpc'))
  const headers = { ...(init.headers as Record<string, string>), 'x-nexus-build': BUILD }
  const answer = await ask({ socketPath: home.socket, path, method: init.method ?? 'GET', headers, signal: init.signal, ...(typeof init.body === 'string' ? { body: init.body } : {}) })
  const theirs = answer.headers['x-nexus-build']
  const status = answer.statusCode ?? 0
  if (theirs !== undefined && theirs !== BUILD && status !== 409) warn(`the daemon runs another build (${String(theirs)}); it is busy, so it goes on: nexus daemon restart`)
  const text = await textOf(answer)
  return { ok: status >= 200 && status < 300, status, json: async () => JSON.parse(text) as unknown }
}

/** Nobody listens at the socket. */
export function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOENT' || code === 'ECONNREFUSED'
}

/** What a failed call means to a person: the daemon's Problem, or that it cannot be reached. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (!(error instanceof TRPCClientError)) return undefined
  const shape = (error.data as { problem?: ProblemShape } | undefined)?.problem
  if (shape && shape.code in PROBLEMS) return Object.assign(new Problem(shape.code, {}, { cause: error }), { message: shape.message, next: shape.next })
  const cause: unknown = error.cause
  if (cause instanceof Problem) return cause
  return new Problem('daemon-unreachable', { cause: cause instanceof Error ? cause.message : error.message }, { cause: error })
}
