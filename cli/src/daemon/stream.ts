/** tRPC subscriptions over server-sent events on the unix socket: one GET, one line-based answer, resumed by the caller. */
import { Problem, type ProblemShape } from '@nexus/protocol/problem'
import { BUILD } from '../build.ts'
import { ask } from './http.ts'

/** What tRPC's server sends besides data: `connected`, `ping`, `return` (the end) and `serialized-error`. */
interface Message { event: string; data: string; id: string | undefined }

/** Yields the data of a subscription until the server ends it. Throws the server's Problem, or the socket's error. */
export async function* subscribe<Data>(socketPath: string, procedure: string, input: unknown, signal?: AbortSignal): AsyncGenerator<Data> {
  const path = `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`
  const answer = await ask({ socketPath, path, headers: { accept: 'text/event-stream', 'x-nexus-build': BUILD }, signal })
  answer.setEncoding('utf8')
  if (!String(answer.headers['content-type']).includes('event-stream')) {
    let text = ''
    for await (const chunk of answer) text += chunk as string
    throw problemIn(text)
  }
  let buffered = ''
  for await (const chunk of answer) {
    const blocks = (buffered + (chunk as string)).split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) {
      const message = parse(block)
      if (message.event === 'return') return
      if (message.event === 'serialized-error') throw problemIn(message.data)
      // A tracked item carries its id beside the data; the data alone is what callers fold.
      if (message.event === 'message' && message.data !== '') yield JSON.parse(message.data) as Data
    }
  }
  throw new Problem('daemon-unreachable', { cause: 'the stream broke off' })
}

function parse(block: string): Message {
  const message: Message = { event: 'message', data: '', id: undefined }
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const value = line.slice(colon + 1).replace(/^ /, '')
    const field = line.slice(0, colon)
    if (field === 'data') message.data += message.data === '' ? value : `\n${value}`
    else if (field === 'event') message.event = value
    else if (field === 'id') message.id = value
  }
  return message
}

function problemIn(text: string): Problem {
  try {
    const parsed = JSON.parse(text) as { data?: { problem?: ProblemShape }; error?: { data?: { problem?: ProblemShape } } }
    const shape = parsed.error?.data?.problem ?? parsed.data?.problem
    if (shape) return Object.assign(new Problem(shape.code), { message: shape.message, next: shape.next })
  } catch {
    // Not tRPC's answer at all: say what came.
  }
  return new Problem('daemon-unreachable', { cause: text.slice(0, 200) })
}
