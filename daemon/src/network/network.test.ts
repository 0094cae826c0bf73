/** The proxy as a command meets it: the real ferries (the native one with its sanitizers on) at the doors of real sandboxes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseNetRule, parseNetRules, type NetRule } from '@nexus/protocol/net-rule'
import { FERRY, Ground, nativeProgram, removePrograms, SYSTEM_PATH, type Rung } from '../sandbox/contract/ground.ts'
import { nativeLauncher } from '../sandbox/launchers/native.ts'
import { utilLinuxLauncher } from '../sandbox/launchers/util-linux.ts'
import { CLIENT, type Talk } from './contract/talk.ts'
import type { Secure } from './keys.ts'
import { Network, type Opening } from './network.ts'

const program = nativeProgram(['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'])
afterAll(removePrograms)

const servers: Server[] = []
const seen: string[] = []
const sockets = new Set<Socket>()
let web = 0
let echo = 0

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, resolve))
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  web = await listen(createHttpServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${Buffer.concat(parts).toString()}`)
      response.end(`web ${request.url}`)
    })
  }))
  echo = await listen(createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)))
})
afterAll(() => { for (const server of servers) server.close() })

/** A network whose names lead where the test says. */
function network(words: readonly string[], patienceMs?: number, opening?: Opening, secure?: Secure) {
  const parsed = parseNetRules(words)
  if ('fault' in parsed) throw new Error(parsed.fault)
  const complaints: unknown[] = []
  const names: Record<string, string[]> = { 'private.example': ['10.0.0.1'], 'metadata.example': ['169.254.169.254'], 'mapped.example': ['::ffff:127.0.0.1'], 'mixed.example': ['8.8.8.8', '127.0.0.1'] }
  const made = new Network({ resolve: async (host) => names[host] ?? Promise.reject(new Error('ENOTFOUND')), ownAddresses: () => [], log: { warn: (...words_: unknown[]) => complaints.push(words_) }, ...(patienceMs === undefined ? {} : { patienceMs }), ...(secure ? { secure } : {}) })
  return { access: made.open(parsed.rules, opening), complaints }
}

const overlay = { backend: 'overlay', xattrs: process.geteuid?.() === 0 ? 'trusted' : 'user' } as const
const rungs: readonly Rung[] = [{ launcher: nativeLauncher(program ?? null), ...overlay }, { launcher: utilLinuxLauncher(SYSTEM_PATH, FERRY), ...overlay }]
let rung: Rung
const LIST = () => [`web.example:${web}=127.0.0.1`, `echo.example:${echo}=127.0.0.1`, `localhost:${echo}`, 'private.example', 'metadata.example', 'mapped.example', 'mixed.example', 'nowhere.example', 'shut.example:1=127.0.0.1']

async function inside({ access, complaints }: ReturnType<typeof network>, client: string, ...words: string[]): Promise<string> {
  await using ground = new Ground(rung)
  const { stdout, stderr, end } = await ground.run(['/usr/bin/env', 'python3', '-c', client, String(access.doors.ports[0]), ...words], { doors: access.doors })
  expect([stderr, end.type, complaints]).toEqual(['', 'exited', []])
  return stdout
}

async function talks(reached: ReturnType<typeof network>, all: Record<string, Talk>): Promise<Record<string, string>> {
  const answers = JSON.parse(await inside(reached, CLIENT, JSON.stringify(Object.values(all)))) as string[]
  return Object.fromEntries(Object.keys(all).map((name, at) => [name, answers[at] ?? '']))
}

/** The first line of an answer, or what was said instead. */
const first = (answer: string | undefined) => answer?.split('\r\n')[0]

describe.each(rungs)('the proxy at the doors of $launcher.name', (one) => {
  beforeEach(({ skip }) => {
    rung = one
    const absence = one.launcher.absence()
    if (absence) skip(`needs what is missing: ${absence.fix}`)
  })

  test('HTTP: what is listed is reached, everything else is told why not', async () => {
    seen.length = 0
    const reached = network(LIST())
    const connect = (place: string, then = '') => ({ send: [`CONNECT ${place} HTTP/1.1\r\nHost: x\r\n\r\n${then}`] })
    const get = (url: string, ...lines: string[]) => ({ send: [[`GET ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n')] })
    const answers = await talks(reached, {
      tunnel: { send: [`CONNECT web.example:${web} HTTP/1.1\r\n\r\n`, 0.1, 'GET /t HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n'] },
      eager: connect(`web.example:${web}`, 'GET /e HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n'),
      url: get(`http://web.example:${web}/u?q`, 'Host: other.example', 'Proxy-Connection: keep-alive'),
      pieces: { send: [...`GET http://web.example:${web}/p HTTP/1.1\r\n\r\n`].flatMap((letter) => [letter]) },
      otherPort: connect('web.example:443'), otherName: connect('evil.example:443'), literal: connect(`127.0.0.1:${web}`), decimal: connect(`2130706433:${web}`), six: connect(`[::1]:${web}`),
      private: connect('private.example:443'), metadata: get('http://metadata.example/latest/meta-data/'), mapped: connect('mapped.example:80'), mixed: connect('mixed.example:443'),
      unknown: connect('nowhere.example:443'), shut: connect('shut.example:1'),
      origin: get('/'), long: { send: [`GET http://web.example:${web}/ HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`] }, garbage: { send: ['\u0016\u0003\u0001\u0000hello\r\n\r\n'] }, silent: { send: [], end: true }, half: { send: ['GET http://web'], end: true },
    })
    expect(answers.tunnel).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*web \/t/)
    expect(answers.eager).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*web \/e/)
    for (const [name, path] of [['url', '/u?q'], ['pieces', '/p']] as const) expect(answers[name]).toMatch(new RegExp(`^HTTP/1.1 200 OK[^]*web ${path.replace('?', '\\?')}`))
    expect(seen).toContain(`GET /u?q web.example:${web} `)
    for (const name of ['otherPort', 'otherName', 'literal', 'decimal', 'six', 'private', 'metadata', 'mapped', 'mixed']) expect([name, first(answers[name])]).toEqual([name, 'HTTP/1.1 403 Forbidden'])
    expect(answers.otherName).toContain('nexus run --net ')
    expect(['unknown', 'shut', 'origin', 'long', 'garbage', 'silent', 'half'].map((name) => first(answers[name])?.split(' ')[1])).toEqual(['502', '502', '400', '431', '400', undefined, undefined])
    expect(reached.access.denials().map(({ target, reason }) => `${target} ${reason}`).sort()).toEqual([
      `127.0.0.1:${web} not-listed`, `2130706433:${web} not-listed`, `[::1]:${web} not-listed`, 'evil.example:443 not-listed', 'mapped.example:80 private', 'metadata.example:80 private', 'mixed.example:443 private', 'private.example:443 private', 'web.example:443 port',
    ].sort())
  })

  test('a second request cannot be smuggled behind the first', async () => {
    seen.length = 0
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: secret.example\r\n\r\n'
    const post = (...lines: string[]) => ({ send: [[`POST http://web.example:${web}/s HTTP/1.1`, ...lines].join('\r\n')] })
    const answers = await talks(network(LIST()), {
      behindLength: post('Content-Length: 5', '', `hello${smuggled}`), behindNothing: { send: [`GET http://web.example:${web}/s HTTP/1.1\r\n\r\n${smuggled}`] }, behindChunks: post('Transfer-Encoding: chunked', '', `5\r\nhello\r\n0\r\n\r\n${smuggled}`),
      later: { send: [`POST http://web.example:${web}/s HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello`, 0.1, smuggled] }, expecting: post('Transfer-Encoding: chunked', 'Expect: 100-continue', '', '5\r\nhello\r\n0\r\n\r\n'),
      lengthAndChunks: post('Content-Length: 5', 'Transfer-Encoding: chunked', '', `0\r\n\r\n${smuggled}`), twoLengths: post('Content-Length: 5', 'Content-Length: 60', '', `hello${smuggled}`), brokenChunks: post('Transfer-Encoding: chunked', '', `6\r\nhello\r\n0\r\n\r\n${smuggled}`),
    })
    for (const name of ['behindLength', 'behindNothing', 'behindChunks', 'later']) expect([name, answers[name]?.match(/HTTP\/1\.1 200/g)?.length]).toEqual([name, 1])
    expect(answers.expecting).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    for (const name of ['lengthAndChunks', 'twoLengths']) expect(first(answers[name])).toBe('HTTP/1.1 400 Bad Request')
    expect(seen.filter((line) => line.includes('smuggled') || line.includes('secret'))).toEqual([])
    expect(seen.length).toBe(5)
  })

  test('SOCKS5', async () => {
    const port = (number: number) => String.fromCharCode(number >> 8, number & 255)
    const name = (host: string, number: number, command = '\u0001') => `\u0005${command}\u0000\u0003${String.fromCharCode(host.length)}${host}${port(number)}`
    const hello = '\u0005\u0001\u0000'
    const answers = await talks(network(LIST()), {
      listed: { send: [hello, name('echo.example', echo), 'over there'], until: 'over there' }, together: { send: [`${hello}${name('echo.example', echo)}at once`], until: 'at once' },
      other: { send: [hello, name('evil.example', 443)] }, private: { send: [hello, name('private.example', 443)] }, address: { send: [hello, `\u0005\u0001\u0000\u0001\u007f\u0000\u0000\u0001${port(echo)}`] },
      mapped: { send: [hello, `\u0005\u0001\u0000\u0004${'\u0000'.repeat(10)}\u00ff\u00ff\u007f\u0000\u0000\u0001${port(echo)}`] }, bind: { send: [hello, name('echo.example', echo, '\u0002')] }, udp: { send: [hello, name('echo.example', echo, '\u0003')] },
      kind: { send: [hello, '\u0005\u0001\u0000\u0009abcdef'] }, password: { send: ['\u0005\u0001\u0002'] }, short: { send: [hello, '\u0005\u0001\u0000\u0003\u00ffab'], end: true }, nul: { send: [hello, name('echo.example\u0000.evil', echo)] }, four: { send: ['\u0004\u0001\u0000\u0050\u007f\u0000\u0000\u0001\u0000'], end: true },
    })
    expect([answers.listed, answers.together]).toEqual(['over there', 'at once'].map((text) => `\u0005\u0000\u0005\u0000\u0000\u0001${'\u0000'.repeat(6)}${text}`))
    const codes = Object.fromEntries(Object.entries(answers).map(([key, answer]) => [key, answer.charCodeAt(3)]))
    expect(codes).toMatchObject({ other: 2, private: 2, address: 2, mapped: 2, bind: 7, udp: 7, kind: 8, nul: 2 })
    expect([answers.password, answers.short, answers.four]).toEqual(['\u0005\u00ff', '\u0005\u0000', ''])
  })

  test('who says its wish byte by byte is not waited for; a listed port of this machine is at the same port inside', async () => {
    const slow = Array.from({ length: 30 }, () => ['G', 0.1]).flat()
    const answers = await talks(network(LIST(), 400), { slow: { send: slow }, socks: { send: ['\u0005', ...Array.from({ length: 20 }, () => 0.1)] }, door: { port: echo, send: ['by the door'], end: true } })
    expect(answers.door).toBe('by the door')
    for (const name of ['slow', 'socks']) expect([name, answers[name]]).toEqual([name, expect.stringMatching(/^$|^(BrokenPipe|ConnectionReset)Error$/) as unknown])
  })

  test('a key goes into the requests for its host outside; the run never holds it', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'nexus-keys-'))
    try {
      const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=keys.example', '-addext', 'subjectAltName=DNS:keys.example'], { cwd: folder, stdio: 'ignore' })
      if (made.status !== 0) skip('needs openssl: apt-get install openssl')
      const [cert, key] = [readFileSync(join(folder, 'cert')), readFileSync(join(folder, 'key'))]
      const heard: unknown[] = []
      const port = await listen(createTlsServer({ cert, key }, (request, response) => {
        const parts: Buffer[] = []
        request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
          heard.push([request.method, request.url, request.headers.host, request.headers['x-api-key'], request.headers.authorization, Buffer.concat(parts).toString()])
          if (request.url !== '/echo') return void response.end('answered')
          heard.pop()
          // In two pieces, the first of which ends within the key.
          const said = Buffer.from(JSON.stringify(request.headers))
          const cut = said.indexOf('the-real-key') + 5
          response.setHeader('content-length', said.length)
          response.write(said.subarray(0, cut), () => setTimeout(() => response.end(said.subarray(cut)), 50))
        })
      }))
      const rule = parseNetRule(`keys.example:${port}=127.0.0.1`) as NetRule // just written
      const secure: Secure = (place) => connectTls({ host: place.address, port: place.port, servername: place.host, ca: cert })
      const reached = network(['web.example'], undefined, { keys: [{ name: 'KEYS_API_KEY', value: 'the-real-key', rule, header: 'x-api-key' }] }, secure)
      const door = Number(/:(\d+)$/.exec(reached.access.env.KEYS_BASE_URL ?? '')?.[1])
      expect(JSON.stringify(reached.access.env)).not.toContain('the-real-key')
      const ask = (...lines: string[]) => ({ port: door, send: [lines.join('\r\n')] })
      const answers = await talks(reached, {
        get: ask('GET /v1/models HTTP/1.1', 'Host: 127.0.0.1', 'x-api-key: kept-by-nexus', 'Authorization: Bearer kept-by-nexus', '', ''), post: ask('POST /v1 HTTP/1.1', 'Content-Length: 5', '', 'hello'), chunks: ask('POST /v1 HTTP/1.1', 'Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'),
        echo: ask('GET /echo HTTP/1.1', 'Accept-Encoding: gzip', 'X-Own: kept', '', ''), trace: ask('TRACE / HTTP/1.1', '', ''), twisted: ask('GET @evil.example/ HTTP/1.1', '', ''), slashes: ask('GET //evil.example/x HTTP/1.1', '', ''),
        other: ask('GET http://evil.example/ HTTP/1.1', '', ''), tunnel: ask('CONNECT keys.example:443 HTTP/1.1', '', ''),
      })
      for (const name of ['get', 'post', 'chunks', 'slashes']) expect([name, answers[name]]).toEqual([name, expect.stringMatching(/^HTTP\/1\.1 200 OK[^]*answered/) as unknown])
      for (const name of ['other', 'tunnel', 'trace', 'twisted']) expect([name, first(answers[name])]).toEqual([name, 'HTTP/1.1 400 Bad Request'])
      expect(answers.echo).toMatch(/"x-own":"kept","x-api-key":"\*{12}","connection":"close"\}$/)
      expect(heard.toSorted()).toEqual([['GET', '//evil.example/x', ''], ['GET', '/v1/models', ''], ['POST', '/v1', 'hello'], ['POST', '/v1', 'hello']].map(([method, path, body]) => [method, path, `keys.example:${port}`, 'the-real-key', undefined, body]))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a slow reader slows its writer, both ways: nothing in between keeps what it does not take', async () => {
    let sent = 0
    const flood = await listen(createServer((socket) => {
      const piece = Buffer.alloc(1 << 20)
      const go = () => { while (socket.write(piece)) sent += piece.length }
      socket.on('drain', () => { sent += piece.length; go() })
      go()
    }))
    const deaf = await listen(createServer({ pauseOnConnect: true }))
    const stdout = await inside(network([`flood.example:${flood}=127.0.0.1`, `deaf.example:${deaf}=127.0.0.1`]), `
import sys, socket, time
proxy, flood, deaf = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def to(name):
    s = socket.create_connection(('127.0.0.1', proxy), timeout=60)
    s.sendall(('CONNECT %s HTTP/1.1\\r\\n\\r\\n' % name).encode())
    assert s.recv(12).endswith(b'200')
    return s
flooded, talks = to('flood.example:' + flood), to('deaf.example:' + deaf)
talks.settimeout(1.5)
said = 0
try:
    while said < 1 << 30: said += talks.send(b'x' * (1 << 20))
except TimeoutError: pass
print(said)
`, String(flood), String(deaf))
    // What two sockets' buffers of the kernel hold; without that, it is a gigabyte.
    expect([Number(stdout), sent].map((bytes) => bytes > 0 && bytes < 64 << 20)).toEqual([true, true])
    // Who does not read does not notice that the other has gone.
    for (const socket of sockets) socket.destroy()
  })

  test('a thousand at once, each its own, while more wait; then megabytes both ways, and the end of one side', async () => {
    const stdout = await inside(network(LIST()), `
import sys, socket, hashlib, threading, os
proxy, echo = int(sys.argv[1]), sys.argv[2]
ask = ('CONNECT echo.example:%s HTTP/1.1\\r\\n\\r\\n' % echo).encode()
answer = b'HTTP/1.1 200 Connection established\\r\\n\\r\\n'
def exactly(s, count):
    out = b''
    while len(out) < count:
        got = s.recv(count - len(out))
        if not got: raise EOFError(out)
        out += got
    return out
many = [socket.create_connection(('127.0.0.1', proxy), timeout=60) for _ in range(1050)]
for one in many: one.sendall(ask)
first, late = many[:1024], many[1024:]
assert all(exactly(one, len(answer)) == answer for one in first)
late[0].settimeout(0.3)
try: print('let in', late[0].recv(9))
except TimeoutError: late[0].settimeout(60)
for one in first[:26]: one.close()
many = first[26:] + late
assert all(exactly(one, len(answer)) == answer for one in late)
for at, one in enumerate(many): one.sendall(b'%06d' % at)
assert all(exactly(one, 6) == b'%06d' % at for at, one in enumerate(many))
for one in many: one.close()
s = socket.create_connection(('127.0.0.1', proxy), timeout=60)
s.sendall(ask); exactly(s, len(answer))
data = os.urandom(1 << 20) * 16
def send():
    s.sendall(data); s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
back = hashlib.sha256()
while True:
    got = s.recv(1 << 16)
    if not got: break
    back.update(got)
print(back.hexdigest() == hashlib.sha256(data).hexdigest())
`, String(echo))
    expect(stdout).toBe('True\n')
    // The run has ended, and everything of it that was connected.
    await expect.poll(() => sockets.size, { timeout: 5000 }).toBe(0)
  })
})
