/** Published ports: real servers inside, real clients outside; they begin and end with the run, and open nothing else. */
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Port } from '@nexus/protocol/ports'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, STRANGER } from './nexus.ts'

type Answer = { run: Run }
type Refused = { error: { code: string; message: string; next: string } }
type Listed = { ports: (Port & { run: string })[] }

/** HTTP with an upgrade to WebSocket on one port for each address family and kind, and plain TCP that answers at the end of what it is told. */
const SERVER = `
import http from 'node:http'
import net from 'node:net'
import { createHash } from 'node:crypto'
const serve = (host, port) => new Promise((done) => {
  const server = http.createServer((request, response) => response.end(host + ' ' + request.url))
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
    socket.on('data', (frame) => {
      if ((frame[0] & 15) === 8) return socket.end()
      const mask = frame.subarray(2, 6), text = frame.subarray(6).map((byte, at) => byte ^ mask[at % 4])
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text).reverse()]))
    })
  })
  server.listen(port, host, done)
})
await Promise.all([serve('127.0.0.1', 3001), serve('::1', 3002), serve('0.0.0.0', 3003), serve('::', 3004)])
await new Promise((done) => net.createServer({ allowHalfOpen: true }, (socket) => {
  let got = Buffer.alloc(0)
  socket.on('data', (chunk) => { got = Buffer.concat([got, chunk]); if (chunk.includes('?')) socket.write('!') })
  socket.on('error', () => {})
  socket.on('end', () => socket.end(got))
}).listen(3005, done))
console.log('up')
`
const PORTS = ['3001', '3002', '3003', '3004', '3005', '3999']

/** Free on this machine a moment ago, and outside of where the system takes ports for connections. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

async function up(nexus: Nexus, id: string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    if ((await nexus.call('logs', id)).stdout.includes('up\n')) return
    await sleep(50)
  }
  throw new Error(`the servers of ${id} did not come up: ${JSON.stringify(await nexus.call('logs', id))}`)
}

async function failure(port: number, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host)
  const code = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).on('end', () => resolve('ended')).on('connect', () => socket.write('x')).resume()
  })
  return code.finally(() => socket.destroy())
}

async function read(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe.each([['root or whoever runs this', undefined], ['a user who is not root', STRANGER]] as const)('published ports of %s', (_, as) => {
  const isMissing = as !== undefined && process.getuid?.() !== 0
  let nexus: Nexus
  let run: Run
  const host = (inside: number) => run.ports?.find((port) => port.inside === inside)?.host ?? 0

  beforeAll(async () => {
    if (isMissing) return
    nexus = new Nexus(as ? { as } : {})
    writeFileSync(join(nexus.project, 'servers.mjs'), SERVER)
    nexus.own()
    const asked = PORTS.flatMap((port) => ['--publish', `0:${port}`])
    run = (await nexus.json<Answer>('run', '--detach', ...asked, '--', 'node', 'servers.mjs')).run
    await up(nexus, run.id)
  })
  afterAll(() => nexus?.[Symbol.asyncDispose]())

  test('servers on 127.0.0.1, ::1 and all addresses are reached, and every list says where', async ({ skip }) => {
    if (isMissing) skip('needs root: only root can become another user')
    const answers = await Promise.all([3001, 3002, 3003, 3004].map(async (inside) => (await fetch(`http://127.0.0.1:${host(inside)}/a`)).text()))
    expect(answers).toEqual(['127.0.0.1 /a', '::1 /a', '0.0.0.0 /a', ':: /a'])
    const expected = (run.ports ?? []).map((port) => ({ run: run.id, ...port }))
    expect(expected.map(({ inside }) => inside)).toEqual(PORTS.map(Number))
    expect((await nexus.json<Listed>('ports')).ports).toEqual(expected)
    expect((await nexus.json<Listed>('status')).ports).toEqual(expected)
    expect((await nexus.json<Answer>('show', run.id)).run.ports).toEqual(run.ports)
    for (const command of [['runs'], ['ports', run.id], ['status'], ['show', run.id]]) expect((await nexus.call(...command)).stdout).toContain(`:${host(3001)} `)
  })

  test('what says no more is still answered, a hundred at once, whole; WebSockets go through', async ({ skip }) => {
    if (isMissing) skip('needs root: only root can become another user')
    const bytes = Buffer.alloc(96 * 1024, 'ports ')
    const all = await Promise.all(Array.from({ length: 100 }, async (_each, at) => {
      const socket = connect({ port: host(3005), host: '127.0.0.1', allowHalfOpen: true })
      socket.end(Buffer.concat([bytes, Buffer.from(String(at))]))
      return read(socket)
    }))
    expect(all.map((answer) => answer.subarray(bytes.length).toString())).toEqual(Array.from({ length: 100 }, (_each, at) => String(at)))
    expect(all.every((answer) => answer.subarray(0, bytes.length).equals(bytes))).toBe(true)
    // Nothing is held back until more comes: each side waits for the other's word.
    const socket = connect(host(3005), '127.0.0.1')
    for (let word = 0; word < 3; word += 1) {
      socket.write('?')
      expect(String((await once(socket, 'data') as [Buffer])[0])).toBe('!')
    }
    socket.destroy()
    const web = new WebSocket(`ws://127.0.0.1:${host(3002)}/`)
    await once(web, 'open')
    web.send('abc')
    expect((await once(web, 'message') as [MessageEvent])[0].data).toBe('cba')
    web.close()
  })

  test('a port where nobody listens yet ends at once, and only 127.0.0.1 of this machine listens', async ({ skip }) => {
    if (isMissing) skip('needs root: only root can become another user')
    expect(await failure(host(3999))).toBe('ECONNRESET')
    const own = Object.values(networkInterfaces()).flat().find((one) => one && !one.internal && one.family === 'IPv4')
    if (own) expect(await failure(host(3001), own.address)).toBe('ECONNREFUSED')
    expect(await failure(host(3001), '::1')).toMatch(/ECONNREFUSED|EADDRNOTAVAIL/)
  })

  test('on demand, taken back, kept by a restart; gone with the run', async ({ skip }) => {
    if (isMissing) skip('needs root: only root can become another user')
    const port = await freePort()
    const { ports } = await nexus.json<Listed>('ports', run.id, `${port}:3001`)
    expect(ports.at(-1)).toEqual({ run: run.id, host: port, inside: 3001 })
    expect(await (await fetch(`http://127.0.0.1:${port}/b`)).text()).toBe('127.0.0.1 /b')
    // Once more is no mistake.
    expect((await nexus.json<Listed>('ports', run.id, `${port}:3001`)).ports).toEqual(ports)
    const left = await nexus.json<Listed>('ports', run.id, ...PORTS.slice(1).flatMap((inside) => ['--remove', String(host(Number(inside)))]))
    expect(left.ports.map(({ host: one }) => one)).toEqual([host(3001), port])
    expect(await failure(host(3002))).toBe('ECONNREFUSED')

    const { run: again } = await nexus.json<Answer>('restart', run.id)
    expect(again.ports).toEqual([{ host: host(3001), inside: 3001 }, { host: port, inside: 3001 }])
    await up(nexus, again.id)
    expect(await (await fetch(`http://127.0.0.1:${port}/c`)).text()).toBe('127.0.0.1 /c')
    const open = connect(port, '127.0.0.1')
    await once(open, 'connect')
    const closed = once(open, 'close').catch(() => undefined)
    const { run: stopped } = await nexus.json<Answer>('stop', again.id)
    expect({ status: stopped.status, ports: stopped.ports }).toEqual({ status: 'unchanged', ports: undefined })
    await closed
    expect(await failure(port)).toBe('ECONNREFUSED')
    expect((await nexus.json<Listed>('ports')).ports).toEqual([])
    expect((await nexus.json<Refused>('ports', again.id, String(port))).error.code).toBe('wrong-status')
  })
})

describe('ports that are refused', () => {
  const nexus = new Nexus()
  afterAll(() => nexus[Symbol.asyncDispose]())

  test('taken, of another run, with the network of the host, not a port: each says what to do', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const address = holder.address()
    const taken = typeof address === 'object' && address ? address.port : 0
    const refused = await nexus.json<Refused>('run', '-p', `${taken}:80`, '--', 'true')
    expect(refused).toMatchObject({ code: 126, error: { code: 'publish-taken', message: `port ${taken} of this machine is taken: another program has it` } })
    expect(refused.error.next).toContain('OTHER:80')
    holder.close()

    const { run } = await nexus.json<Answer>('run', '--detach', '--publish', `${taken}:80`, '--net', 'localhost:9', 'sleep 300')
    expect((await nexus.json<Refused>('run', '--publish', `${taken}:81`, 'true')).error).toMatchObject({ code: 'publish-taken', message: `port ${taken} of this machine is taken: run ${run.id} has it` })
    // Behind a door of the run is the host again.
    const outwards = await nexus.json<Refused>('ports', run.id, '0:9')
    expect(outwards.error).toMatchObject({ code: 'publish-refused', message: 'port 9 cannot be published: inside the run it leads out again (--net, --secret)' })
    expect((await nexus.json<Refused>('ports', run.id, '--remove', '1')).error.code).toBe('no-published-port')
    expect((await nexus.json<Refused>('run', '--publish', '3000', '--net', 'on', 'true')).error).toMatchObject({ code: 'host-network', next: 'what listens on port 3000 inside is at http://127.0.0.1:3000' })
    const { run: open } = await nexus.json<Answer>('run', '--detach', '--net', 'on', 'sleep 300')
    expect((await nexus.json<Refused>('ports', open.id, '3000')).error.code).toBe('host-network')
    for (const word of ['http', '70000', '0', '3000:', '80:0', '1:2:3']) expect(await nexus.json<Refused>('run', '--publish', word, 'true'), word).toMatchObject({ code: 2, error: { code: 'usage' } })
  })

  test('a run reaches nothing through what is published, and all of it ends with the daemon', async () => {
    const port = await freePort()
    // From inside, the port of the host is not there; the port of its own is what it always was.
    const words = `const net = require('node:net'); const from = (port) => new Promise((done) => net.connect(port, '127.0.0.1').on('error', (error) => done(error.code)).on('connect', () => done('connected')));
      from(${port}).then((host) => net.createServer((one) => one.end('inside')).listen(3000, '127.0.0.1', async () => console.log(host, await from(3000), 'up\\n')))`
    const { run } = await nexus.json<Answer>('run', '--detach', '--publish', `${port}:3000`, '--', 'node', '-e', words)
    await up(nexus, run.id)
    expect((await nexus.call('logs', run.id)).stdout).toContain('ECONNREFUSED connected up')
    expect(String(await read(connect(port, '127.0.0.1')))).toBe('inside')
    await nexus.call('daemon', 'stop')
    expect(await failure(port)).toBe('ECONNREFUSED')
    expect((await nexus.json<Answer>('show', run.id)).run.ports).toBe(undefined)

    // Also with one that has no time to say goodbye.
    const { run: other } = await nexus.json<Answer>('run', '--detach', '--publish', `${port}:3000`, '--', 'node', '-e', words)
    await up(nexus, other.id)
    process.kill(await nexus.pid(), 'SIGKILL')
    for (let left = 100; left > 0 && (await failure(port)) !== 'ECONNREFUSED'; left -= 1) await sleep(50)
    expect(await failure(port)).toBe('ECONNREFUSED')
  })
})
