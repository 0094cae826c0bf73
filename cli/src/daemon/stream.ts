/** tRPC subscriptions over server-sent events on the unix socket: one GET, one line-based answer, resumed by the caller. */
import type { IncomingMessage } from 'node:http'
import { Problem, type ProblemShape } from '@nexus/protocol/problem'
import { BUILD } from '../build.ts'
import { ask, textOf } from './http.ts'
import { problemFrom, unreachable } from './problems.ts'

/** Besides data the server sends `connected`, `ping`, `return` (the end) and `serialized-error`. */
interface Message { readonly event: string; readonly data: string }

/** Yields the data of a subscription until the server ends it. Throws Problem: the server's own, or `daemon-unreachable`. */
export async function* subscribe<Data>(socketPath: string, procedure: string, input: unknown, signal?: AbortSignal): AsyncGenerator<Data> {
  const path = `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`
  const answer = await ask({ socketPath, path, headers: { accept: 'text/event-stream', 'x-nexus-build': BUILD } }).catch((error: unknown) => { throw unreachable(error) })
  const stop = () => answer.destroy()
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    if (!String(answer.headers['content-type']).includes('event-stream')) throw problemIn(await textOf(answer))
    for await (const message of messagesOf(answer)) {
      if (message.event === 'return') return
      if (message.event === 'serialized-error') throw problemIn(message.data)
      if (message.event === 'message' && message.data !== '') yield JSON.parse(message.data) as Data
    }
  } catch (error) {
    throw unreachable(error)
  } finally {
    signal?.removeEventListener('abort', stop)
    answer.destroy()
  }
  throw new Problem('daemon-unreachable', { cause: 'the stream broke off' })
}

async function* messagesOf(answer: IncomingMessage): AsyncGenerator<Message> {
  answer.setEncoding('utf8')
  let buffered = ''
  for await (const chunk of answer) {
    const blocks = (buffered + (chunk as string)).split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) yield parse(block)
  }
}

function parse(block: string): Message {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
  return { event, data: data.join('\n') }
}

function problemIn(text: string): Problem {
  try {
    const parsed = JSON.parse(text) as { data?: { problem?: ProblemShape }; error?: { data?: { problem?: ProblemShape } } }
    const shape = parsed.error?.data?.problem ?? parsed.data?.problem
    if (shape) return problemFrom(shape)
  } catch {
    // Not tRPC's answer at all: say what came.
  }
  return new Problem('daemon-unreachable', { cause: text.slice(0, 200) })
}
