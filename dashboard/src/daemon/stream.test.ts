import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Stream, type Connection } from './stream.ts'

/** The other end of a wire that the test cuts and mends. */
class Wire extends EventTarget {
  readyState: number = WebSocket.CONNECTING
  readonly sent: string[] = []
  send(text: string): void { this.sent.push(text) }
  close(): void {
    this.readyState = WebSocket.CLOSED
    this.dispatchEvent(new Event('close'))
  }
  open(): void {
    this.readyState = WebSocket.OPEN
    this.dispatchEvent(new Event('open'))
  }
  say(message: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: typeof message === 'string' ? message : JSON.stringify(message) }))
  }
  get asked(): unknown[] {
    return this.sent.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as unknown)
  }
}

let wires: Wire[]
let connections: Connection[]
let denied: number
let stream: Stream
beforeEach(() => {
  vi.useFakeTimers()
  wires = []
  connections = []
  denied = 0
  stream = new Stream({
    url: 'ws://x/trpc', secret: 's', now: () => Date.now(), onConnection: (connection) => connections.push(connection), onDenied: () => { denied += 1 },
    open: () => {
      const wire = new Wire()
      wires.push(wire)
      // What the stream uses of a WebSocket is what a Wire has.
      return wire as unknown as WebSocket
    },
  })
  stream.start()
})
afterEach(() => {
  stream.close()
  vi.useRealTimers()
})
const wire = () => wires.at(-1)!

test('the secret first, then every subscription', () => {
  stream.follow({ procedure: 'events.follow', input: () => ({ after: 3 }), onData: () => undefined })
  wire().open()
  expect(wire().asked).toEqual([{ method: 'connectionParams', data: { token: 's' } }, { id: 1, method: 'subscription', params: { path: 'events.follow', input: { after: 3 } } }])
  expect(connections.at(-1)).toEqual({ type: 'connecting' })
  wire().say({ id: 1, result: { type: 'started' } })
  expect(connections.at(-1)).toEqual({ type: 'live' })
})

test('after a break it goes on from where it was, sooner or later', () => {
  let after = 3
  const seen: unknown[] = []
  stream.follow({ procedure: 'events.follow', input: () => ({ after }), onData: (data) => { seen.push(data); after += 1 } })
  wire().open()
  wire().say({ id: 1, result: { type: 'data', data: 'four' } })
  wire().close()
  expect(connections.at(-1)).toEqual({ type: 'lost', since: Date.now() })
  const since = Date.now()
  for (let attempt = 0; attempt < 6; attempt += 1) {
    vi.advanceTimersByTime(4000)
    wire().close()
  }
  expect(connections.at(-1)).toEqual({ type: 'lost', since })
  vi.advanceTimersByTime(4000)
  wire().open()
  expect(wire().asked.at(-1)).toEqual({ id: 1, method: 'subscription', params: { path: 'events.follow', input: { after: 4 } } })
  wire().say({ id: 1, result: { type: 'data', data: 'five' } })
  expect([seen, connections.at(-1)]).toEqual([['four', 'five'], { type: 'live' }])
})

test('a connection that fell asleep is found out and left behind', () => {
  wire().open()
  wire().say('PONG')
  vi.advanceTimersByTime(6000)
  expect(wire().sent.at(-1)).toBe('PING')
  wire().say('PONG')
  vi.advanceTimersByTime(6000)
  expect(wires.length).toBe(1)
  vi.advanceTimersByTime(12_000)
  expect(wires.length).toBeGreaterThan(1)
})

test('coming back to the page asks at once', () => {
  wire().close()
  vi.advanceTimersByTime(1)
  const before = wires.length
  stream.hurry()
  expect(wires.length).toBe(before + 1)
})

test('who is not known is told, once', () => {
  wire().open()
  wire().say({ id: null, error: { message: 'no', data: { code: 'UNAUTHORIZED' } } })
  expect(denied).toBe(1)
})

test('an end, a problem, and somebody who leaves', () => {
  const heard: string[] = []
  const leave = stream.follow({ procedure: 'a', input: () => ({}), onData: () => heard.push('data') })
  stream.follow({ procedure: 'b', input: () => ({}), onData: () => undefined, onEnd: () => heard.push('end') })
  stream.follow({ procedure: 'c', input: () => ({}), onData: () => undefined, onProblem: (message) => heard.push(message) })
  wire().open()
  wire().say({ id: 2, result: { type: 'stopped' } })
  wire().say({ id: 3, error: { message: 'wrong' } })
  leave()
  expect(wire().asked.at(-1)).toEqual({ id: 1, method: 'subscription.stop' })
  wire().say({ id: 1, result: { type: 'data', data: 1 } })
  expect(heard).toEqual(['end', 'wrong'])
})
