/** The proxy as HTTP speaks it: CONNECT is a tunnel, a whole URL is one request that is written anew. */
import { Chunks } from './chunks.ts'
import { forwardedHead, HEAD_BYTES_MAX, parseHead, type Head } from './http-head.ts'
import { Unreachable, type Visitor } from './visitor.ts'
import { connectToAny, denialText, type Way } from './way.ts'

const END = Buffer.from('\r\n\r\n')

export async function serveHttp(visitor: Visitor, first: Buffer, way: Way): Promise<void> {
  const heard = await wholeHead(visitor, first)
  if (heard === null) return
  const head = heard.text === null ? null : parseHead(heard.text)
  if (!head) return answer(visitor, heard.text === null ? '431 Request Header Fields Too Large' : '400 Bad Request', 'nexus: this is no proxy request that can be read in one way only\n')
  const passage = await way.pass(head.host, head.port)
  if (passage.type === 'denied') return answer(visitor, '403 Forbidden', denialText(passage.denial), [['X-Nexus-Denied', passage.denial.reason]])
  if (passage.type === 'unknown') return answer(visitor, '502 Bad Gateway', `nexus: ${head.host} is not known: ${passage.cause}\n`)
  try {
    await connectToAny(visitor, passage.addresses, head.port)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return answer(visitor, error.code === 'ETIMEDOUT' ? '504 Gateway Timeout' : '502 Bad Gateway', `nexus: ${head.host}:${head.port}: ${error.code}\n`)
  }
  await (head.path === null ? tunnel(visitor, heard.rest) : forward(visitor, head, heard.rest))
}

async function tunnel(visitor: Visitor, early: Buffer): Promise<void> {
  await visitor.write('HTTP/1.1 200 Connection established\r\n\r\n')
  await visitor.send(early)
  await visitor.carry()
}

/** One request, one answer, then both connections end: what else a visitor sends goes nowhere. */
export async function forward(visitor: Visitor, head: Head, early: Buffer, add: readonly (readonly [string, string])[] = []): Promise<void> {
  await visitor.send(forwardedHead(head, add))
  if (head.body.type === 'chunked') return forwardChunks(visitor, head, early)
  const count = head.body.type === 'bytes' ? head.body.count : 0
  const given = early.subarray(0, count)
  await visitor.send(given)
  await visitor.carry(count - given.length)
}

async function forwardChunks(visitor: Visitor, head: Head, early: Buffer): Promise<void> {
  if (head.headers.some(([name, value]) => name.toLowerCase() === 'expect' && value.toLowerCase() === '100-continue')) await visitor.write('HTTP/1.1 100 Continue\r\n\r\n')
  const chunks = new Chunks()
  // The answer may come before the request has ended.
  const carried = visitor.carry(0)
  for (let bytes: Buffer | null = early; bytes !== null && !chunks.isAtEnd; bytes = chunks.isAtEnd ? null : await visitor.read()) await visitor.send(chunks.take(bytes))
  if (chunks.isAtEnd) await carried
}

interface Heard {
  /** Null: longer than anybody needs. */
  readonly text: string | null
  readonly rest: Buffer
}

export async function wholeHead(visitor: Visitor, first: Buffer): Promise<Heard | null> {
  let heard = first
  for (;;) {
    const end = heard.indexOf(END)
    if (end > HEAD_BYTES_MAX || (end < 0 && heard.length > HEAD_BYTES_MAX)) return { text: null, rest: heard }
    if (end >= 0) return { text: heard.toString('latin1', 0, end), rest: heard.subarray(end + END.length) }
    const more = await visitor.read()
    if (more === null) return null
    heard = Buffer.concat([heard, more])
  }
}

export async function answer(visitor: Visitor, status: string, text: string, headers: readonly (readonly [string, string])[] = []): Promise<void> {
  const all = [['Content-Type', 'text/plain; charset=utf-8'], ['Content-Length', String(Buffer.byteLength(text))], ['Connection', 'close'], ...headers]
  await visitor.write(`HTTP/1.1 ${status}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`)
}
