/** The client against tRPC's own server on a real socket; what stands behind the router is scripted. */
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Problem } from '@nexus/protocol/problem'
import type { Event } from '@nexus/protocol/events'
import { nexusRouter } from '@nexus/protocol/router'
import type { Output } from '@nexus/protocol/run-output'
import type { Context } from '@nexus/protocol/trpc'
import { BUILD } from '../build.ts'
import { takeOutput } from '../output.ts'
import { createClient, type ClientOptions } from './client.ts'
import { subscribe } from './stream.ts'

let folder: string
let socketPath: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-client-'))
  socketPath = join(folder, 'daemon.sock')
})
afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

type Scripted = { runs?: Partial<Context['runs']>; events?: Partial<Context['events']>; system?: Partial<Context['system']> }
type Before = (request: IncomingMessage, response: ServerResponse) => boolean

/** `before` may answer in the router's place (true). */
async function serve(services: Scripted, before: Before = () => false): Promise<void> {
  const context = { actor: { kind: 'person', via: 'socket' }, runs: {}, events: {}, system: {}, ...services } as unknown as Context
  const handle = createHTTPHandler({ router: nexusRouter, createContext: () => context, basePath: '/trpc/', allowMethodOverride: true })
  server = createServer((request, response) => {
    if (!before(request, response)) handle(request, response)
  })
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve))
}

async function stop(): Promise<void> {
  const old = server
  server = undefined
  old?.closeAllConnections()
  await new Promise<void>((resolve) => (old ? old.close(() => resolve()) : resolve()))
}

function client(options: Partial<ClientOptions> = {}) {
  const told: string[] = []
  const refuse = async () => { throw new Problem('daemon-unreachable', { cause: 'not started by this test' }) }
  return { told, client: createClient({ socketPath, start: refuse, replace: refuse, warn: (line) => void told.push(line), ...options }) }
}

const refusal = (code: 'daemon-outdated' | 'daemon-stopping') => JSON.stringify({ error: { message: code, code: -32_000, data: { problem: new Problem(code).shape } } })

test('a query, a mutation, and words of every kind in between', async () => {
  const seen: unknown[] = []
  await serve({
    runs: { list: async (request) => { seen.push(request); return { runs: [] } }, input: async (named, data, end) => { seen.push([named.run, Buffer.from(data).toString('hex'), end]) } },
  })
  const { client: nexus } = client()
  expect(await nexus.runs.list.query({ cwd: '/p/ü &?#%\n' })).toEqual({ runs: [] })
  await nexus.runs.input.mutate({ run: 'rabc', base64: Buffer.from([0, 255, 10]).toString('base64'), end: true })
  expect(seen).toEqual([{ cwd: '/p/ü &?#%\n', all: false, limit: 100 }, ['rabc', '00ff0a', true]])
})

test('what no room could use is refused before it gets there', async () => {
  const came: string[] = []
  await serve({ runs: { resize: async () => { came.push('resize') } }, events: { head: () => 1, async *follow() { yield* [] as Event[]; came.push('follow') } } })
  // The launcher ends a run over a size that no terminal has.
  for (const size of [{ rows: 65_536, cols: 80 }, { rows: 24, cols: 0 }, { rows: 24.5, cols: 80 }]) await expect(client().client.runs.resize.mutate({ run: 'rabcd', ...size }), JSON.stringify(size)).rejects.toMatchObject({ code: 'bad-request' })
  await expect(subscribe(socketPath, 'events.follow', { lastEventId: 'soon' }).next()).rejects.toMatchObject({ code: 'bad-request' })
  expect(came).toEqual([])
})

test('a query that is too long for a request line', async () => {
  const paths = Array.from({ length: 3000 }, (_, at) => `folder/${at}`)
  await serve({ runs: { diff: async (request) => ({ run: 'r', digest: null, changes: [], patch: String(request.paths.length) }) } })
  expect(await client().client.runs.diff.query({ run: 'rabcd', paths })).toMatchObject({ patch: '3000' })
})

test('the problem of the daemon arrives as it is; a refused input is a usage error', async () => {
  await serve({ runs: { get: async () => { throw new Problem('no-run', { run: 'rabcd' }) } } })
  const { client: nexus } = client()
  await expect(nexus.runs.get.query({ run: 'rabcd' })).rejects.toMatchObject({ shape: new Problem('no-run', { run: 'rabcd' }).shape })
  await expect(nexus.runs.get.query({ run: '' })).rejects.toMatchObject({ code: 'bad-request' })
})

test('nobody listens: the daemon is started, then asked', async () => {
  const { client: nexus } = client({ start: () => serve({ events: { head: () => 7, after: () => [] } }) })
  expect(await nexus.events.list.query({})).toEqual({ events: [], head: 7 })
})

test.each(['daemon-outdated', 'daemon-stopping'] as const)('%s: it is replaced and asked once more', async (code) => {
  let asked = 0
  await serve({}, (_, response) => { asked += 1; response.writeHead(409).end(refusal(code)); return true })
  const { client: nexus, told } = client({
    replace: async () => {
      await stop()
      await serve({ events: { head: () => 1, after: () => [] } })
    },
  })
  expect(await nexus.events.list.query({})).toEqual({ events: [], head: 1 })
  expect({ asked, told }).toEqual({ asked: 1, told: [] })
})

test('one that stays outdated is asked twice, not for ever', async () => {
  let asked = 0
  await serve({}, (_, response) => { asked += 1; response.writeHead(409).end(refusal('daemon-outdated')); return true })
  await expect(client({ replace: async () => undefined }).client.events.list.query({})).rejects.toMatchObject({ code: 'daemon-outdated' })
  expect(asked).toBe(2)
})

test('a busy daemon of another build answers, and that is said once', async () => {
  const builds: unknown[] = []
  await serve({ events: { head: () => 1, after: () => [] } }, (request, response) => { builds.push(request.headers['x-nexus-build']); response.setHeader('x-nexus-build', 'another'); return false })
  const { client: nexus, told } = client()
  await nexus.events.list.query({})
  await nexus.events.list.query({})
  expect(builds).toEqual([BUILD, BUILD])
  expect(told).toEqual([expect.stringContaining('nexus daemon restart')])
})

test.each(['after it heard the call', 'in the middle of its answer'])('a daemon that dies %s is not asked again: what was begun may have been carried out', async (moment) => {
  let [asked, begun] = [0, 0]
  const again = async () => { begun += 1; await serve({}) }
  await serve({}, (request, response) => {
    asked += 1
    request.resume().once('end', () => {
      if (moment !== 'after it heard the call') response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"result":')
      // Its socket is gone as well: whoever asks now finds nobody.
      setTimeout(() => void stop(), 20)
    })
    return true
  })
  const { client: nexus } = client({ start: again, replace: again })
  await expect(nexus.runs.start.mutate({ command: ['touch', 'once'], cwd: '/', env: {}, umask: 0o022 })).rejects.toMatchObject({ code: 'daemon-unreachable' })
  expect({ asked, begun }).toEqual({ asked: 1, begun: 0 })
})

test.each([['hangs up', (response: ServerResponse) => response.destroy()], ['is no daemon', (response: ServerResponse) => response.end('<html>')], ['says something else', (response: ServerResponse) => response.end('{}')]])(
  'somebody at the socket who %s', async (_, answer) => {
    await serve({}, (__, response) => { answer(response); return true })
    await expect(client().client.events.list.query({})).rejects.toMatchObject({ code: 'daemon-unreachable' })
  })

async function* pieces(parts: readonly string[], after: number): AsyncGenerator<Output> {
  let at = 0
  for (const part of parts) {
    const from = at
    at += Buffer.byteLength(part)
    if (at > after) yield { type: 'output', stream: 'stdout', base64: Buffer.from(part).subarray(Math.max(0, after - from)).toString('base64'), at }
  }
  yield { type: 'end', status: 'kept' }
}

test('a subscription gives its data in order and ends with it', async () => {
  await serve({ runs: { output: (_, { after }) => pieces(['a', 'b\n\n', 'é'.repeat(100_000)], after) } })
  let text = ''
  for await (const piece of subscribe<Output>(socketPath, 'runs.output', { run: 'rabcd' })) if (piece.type === 'output') text += Buffer.from(piece.base64, 'base64').toString()
  expect(text).toBe(`ab\n\n${'é'.repeat(100_000)}`)
})

test('a subscription that fails tells the problem', async () => {
  // eslint-disable-next-line require-yield
  await serve({ runs: { output: async function* () { throw new Problem('no-run', { run: 'rabcd' }) } } })
  await expect(subscribe(socketPath, 'runs.output', { run: 'rabcd' }).next()).rejects.toMatchObject({ code: 'no-run' })
})

test('output goes on where a broken connection left it: nothing twice, nothing missing', async () => {
  const afters: number[] = []
  const parts = Array.from({ length: 50 }, (_, at) => `line ${at}\n`)
  await serve({
    runs: {
      get: async () => { throw new Problem('no-run', { run: 'the answer does not matter here' }) },
      async *output(_, { after }) {
        afters.push(after)
        let sent = 0
        for await (const piece of pieces(parts, after)) {
          if (afters.length < 4 && (sent += 1) > 10) {
            await new Promise((resolve) => setTimeout(resolve, 30))
            server?.closeAllConnections()
          }
          yield piece
        }
      },
    },
  })
  let text = ''
  const nexus = client().client
  // Asking for the run is how a dead daemon would be started; here it only has to answer.
  const lenient = { ...nexus, runs: { get: { query: async () => ({}) } } } as unknown as typeof nexus
  await takeOutput({ client: lenient, home: { socket: socketPath } as never, tell: () => undefined }, 'rabcd', { setsPace: false, take: (_, bytes) => { text += bytes.toString() } })
  expect(text).toBe(parts.join(''))
  expect(afters).toHaveLength(4)
  expect(afters[0]).toBe(0)
  expect(afters.every((after, at) => at === 0 || after > (afters[at - 1] ?? 0))).toBe(true)
})

test('output that breaks off again and again is given up', async () => {
  await serve({ runs: { get: async () => ({}) as never } }, (request, response) => { if (request.url?.includes('output')) response.destroy(); return request.url?.includes('output') ?? false })
  const nexus = client().client
  const lenient = { runs: { get: { query: async () => ({}) } } } as unknown as typeof nexus
  await expect(takeOutput({ client: lenient, home: { socket: socketPath } as never, tell: () => undefined }, 'rabcd', { setsPace: false, take: () => undefined })).rejects.toMatchObject({ code: 'daemon-unreachable' })
})
