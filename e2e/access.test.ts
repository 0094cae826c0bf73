/** Who may speak with the daemon: the same user by the socket's mode, a browser by Host, Origin and token. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

const nexus = new Nexus({ env: { NEXUS_PORT: '0' } })
let port = 0
let token = ''

beforeAll(async () => {
  await nexus.call('daemon', 'start')
  port = Number(new URL((await nexus.json<{ url: string }>('status')).url).port)
  token = readFileSync(join(nexus.base, 'state/token'), 'utf8').trim()
})
afterAll(() => nexus[Symbol.asyncDispose]())

interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

function ask(headers: Record<string, string>, path = '/trpc/system.status', method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => { body += chunk.toString() })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** How the daemon answers a WebSocket's upgrade: `open`, or the HTTP status that refused it. */
function upgrade(headers: Record<string, string>): Promise<number | 'open'> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/trpc?connectionParams=1`, { headers })
    socket.on('open', () => { socket.close(); resolve('open') })
    socket.on('unexpected-response', (_, response) => { resolve(response.statusCode ?? 0); socket.terminate() })
    socket.on('error', reject)
  })
}

describe(proves('on TCP', 'SYS-4'), () => {
  const bearer = () => ({ authorization: `Bearer ${token}` })

  test('it listens on loopback only', () => {
    const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/)).filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`))
    expect(listening.map(([, local]) => local?.split(':')[0])).toEqual(['0100007F'])
  })

  test('the token opens it', async () => {
    expect(await ask(bearer())).toMatchObject({ status: 200 })
  })

  test.each([
    ['no token', () => ({}), 401], ['an empty token', () => ({ authorization: 'Bearer ' }), 401], ['a wrong token', () => ({ authorization: `Bearer ${'x'.repeat(token.length)}` }), 401],
    ['a token that is only the beginning', () => ({ authorization: `Bearer ${token.slice(0, -1)}` }), 401], ['a cookie', () => ({ cookie: `token=${token}` }), 401],
    ['another Host, as DNS rebinding sends it', () => ({ ...bearer(), host: `evil.example:${port}` }), 421], ['a Host without the port', () => ({ ...bearer(), host: '127.0.0.1' }), 421],
    ['another Origin', () => ({ ...bearer(), origin: 'http://evil.example' }), 403], ['the Origin of another port', () => ({ ...bearer(), origin: 'http://127.0.0.1:3000' }), 403], ['the null Origin', () => ({ ...bearer(), origin: 'null' }), 403],
  ])('%s is refused', async (_, headers, status) => {
    const answer = await ask(headers())
    expect(answer.status).toBe(status)
    expect(answer.body).not.toContain(token)
    expect(answer.body).toContain('access-denied')
  })

  test('its own Origin passes, and nothing is offered to others by CORS', async () => {
    const answer = await ask({ ...bearer(), origin: `http://127.0.0.1:${port}` })
    expect({ status: answer.status, cors: answer.headers['access-control-allow-origin'], cookie: answer.headers['set-cookie'] }).toEqual({ status: 200, cors: undefined, cookie: undefined })
  })

  test('a mutation without a token does nothing', async () => {
    expect((await ask({ 'content-type': 'application/json' }, '/trpc/system.kill', 'POST')).status).toBe(401)
    expect((await nexus.json<{ killed: boolean }>('status')).killed).toBe(false)
  })

  test('a WebSocket obeys the same rules', async () => {
    expect(await upgrade({ origin: 'http://evil.example' })).toBe(403)
    expect(await upgrade({ host: 'evil.example' })).toBe(421)
    expect(await messageAfter({ token: 'wrong' })).toContain('UNAUTHORIZED')
    expect(await messageAfter({ token })).toContain('"result"')
  })
})

/** Before the secret has come nothing is kept: memory belongs to those who may ask. */
describe(proves('strangers on TCP', 'SYS-4'), () => {
  /** What came back, and whether the other side has ended it, after it was said all of this. */
  function say(...words: (string | Buffer)[]): { answer: Promise<string>; socket: Socket } {
    const socket = connect(port, '127.0.0.1')
    const { promise, resolve } = Promise.withResolvers<string>()
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') }).on('error', () => {}).on('close', () => resolve(text))
    for (const word of words) socket.write(word)
    return { answer: promise, socket }
  }
  const head = (...lines: string[]) => `${[...lines, `Host: 127.0.0.1:${port}`].join('\r\n')}\r\n\r\n`

  test('a body is not waited for', async () => {
    const { answer, socket } = say(head('POST /trpc/runs.start HTTP/1.1', 'Connection: close', 'Content-Type: application/json', 'Content-Length: 16000000'))
    socket.once('data', () => socket.destroy())
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /)
    expect((await ask({ 'content-type': 'application/json', 'content-length': '2000' }, '/login', 'POST')).status).toBe(413)
  })

  test('half a message on a WebSocket is not kept', async () => {
    const frame = Buffer.alloc(14)
    frame.set([0x82, 0xff])
    frame.writeBigUInt64BE(16_000_000n, 2)
    const upgraded = head('GET /trpc?connectionParams=1 HTTP/1.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')
    const { answer, socket } = say(upgraded)
    socket.once('data', () => socket.write(Buffer.concat([frame, Buffer.alloc(256 * 1024)])))
    expect(await answer).toMatch(/^HTTP\/1\.1 101 /)
  })

  test('who comes first keeps nobody out', async () => {
    const crowd = Array.from({ length: 70 }, () => say())
    await Promise.race(crowd.map(({ answer }) => answer))
    expect(await ask({ authorization: `Bearer ${token}` })).toMatchObject({ status: 200 })
    expect(await messageAfter({ token })).toContain('"result"')
    for (const { socket } of crowd) socket.destroy()
  })
})

/** The first answer to system.status on a WebSocket with these connection parameters. */
function messageAfter(parameters: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/trpc?connectionParams=1`)
    socket.on('error', reject)
    socket.on('open', () => {
      socket.send(JSON.stringify({ method: 'connectionParams', data: parameters }))
      socket.send(JSON.stringify({ id: 1, method: 'query', params: { path: 'system.status' } }))
    })
    socket.on('message', (data) => { resolve(String(data as Buffer)); socket.close() })
    socket.on('close', (code, reason) => resolve(`closed ${code} ${reason.toString()}`))
  })
}

describe(proves('on the file system', 'SYS-4'), () => {
  test('the socket and everything else of the state is its user\'s alone', () => {
    const state = join(nexus.base, 'state')
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
    expect({ state: mode(state), run: mode(join(state, 'run')), socket: mode(join(state, 'run/daemon.sock')), token: mode(join(state, 'token')) }).toEqual({ state: '700', run: '700', socket: '600', token: '600' })
    expect(readdirSync(state).filter((name) => (statSync(join(state, name)).mode & 0o077) !== 0)).toEqual([])
  })

  test('the socket needs no token: its mode is the proof', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(join(nexus.base, 'state/run/daemon.sock'))
      socket.on('error', reject)
      let text = ''
      socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
      socket.on('end', () => resolve(text))
      socket.end('GET /trpc/system.status HTTP/1.0\r\n\r\n')
    })
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
  })
})
