/** Starting a daemon: a real process each time, played by a few lines of script. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { homeOf, type Home } from '@nexus/protocol/home'
import { startDaemon, stopDaemon } from './start.ts'

let folder: string
let home: Home
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-start-'))
  home = homeOf({ NEXUS_HOME: join(folder, 'state') }, 0)
})
afterEach(async () => {
  await stopDaemon(home, false)
  rmSync(folder, { recursive: true, force: true })
})

/** Listens, knows how to stop, notes where and how it was started. */
const LISTEN = (socket: string) => `
  const { createServer } = require('node:http'); const fs = require('node:fs');
  fs.mkdirSync(require('node:path').dirname(${JSON.stringify(socket)}), { recursive: true });
  const server = createServer((request, response) => {
    if (!request.url.includes('system.stop')) return response.writeHead(404).end('{}');
    response.end('{"result":{"data":{"stopping":true}}}');
    setTimeout(() => { server.close(() => process.exit()); server.closeAllConnections() }, 20);
  }).listen(${JSON.stringify(socket)});
  fs.writeFileSync(${JSON.stringify(socket)} + '.started', JSON.stringify({ cwd: process.cwd(), mark: process.env.MARK }));`
const FAIL = (runtime: string, code: string, exit: number) => `
  const fs = require('node:fs'); fs.mkdirSync(${JSON.stringify(runtime)}, { recursive: true });
  fs.writeFileSync(${JSON.stringify(runtime)} + '/start-error.json', JSON.stringify({ error: { code: ${JSON.stringify(code)}, message: 'the message', next: 'the next step' } }));
  process.exit(${exit});`

function start(script: string, options: { interrupted?: AbortSignal; env?: NodeJS.ProcessEnv; patienceMs?: number } = {}): Promise<void> {
  const main = join(folder, 'nexusd.cjs')
  writeFileSync(main, script)
  return startDaemon({ home, env: options.env ?? { PATH: process.env.PATH, MARK: 'passed on' }, interrupted: options.interrupted ?? new AbortController().signal, main, ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }) })
}

test('it runs in /, with the environment of the caller, and stops', async () => {
  await start(LISTEN(home.socket))
  expect(JSON.parse(readFileSync(`${home.socket}.started`, 'utf8'))).toEqual({ cwd: '/', mark: 'passed on' })
  expect(await stopDaemon(home, false)).toBe(true)
  expect(await stopDaemon(home, false)).toBe(false)
})

test('its own reason is the reason', async () => {
  await expect(start(FAIL(home.runtime, 'port-taken', 125))).rejects.toMatchObject({ code: 'port-taken', message: 'the message', next: 'the next step' })
})

test('an old reason is not taken for a new one', async () => {
  mkdirSync(home.runtime, { recursive: true })
  writeFileSync(join(home.runtime, 'start-error.json'), '{"error":{"code":"port-taken","message":"old","next":""}}')
  await expect(start('console.error("crashed"); process.exit(7)')).rejects.toMatchObject({ code: 'daemon-start-failed', message: expect.stringContaining('exit code 7') })
  expect(readFileSync(home.log, 'utf8')).toContain('crashed')
})

test('one that gives way to a daemon that goes away is tried again', async () => {
  const once = join(folder, 'once')
  const script = `if (!require('node:fs').existsSync(${JSON.stringify(once)})) { require('node:fs').writeFileSync(${JSON.stringify(once)}, ''); ${FAIL(home.runtime, 'already-running', 125)} } ${LISTEN(home.socket)}`
  await start(script)
  expect(existsSync(`${home.socket}.started`)).toBe(true)
})

test('one that never answers is ended, and its log is named', async () => {
  const pid = join(folder, 'pid')
  const spin = `require('node:fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); for (;;);`
  await expect(start(spin, { patienceMs: 1000 })).rejects.toMatchObject({ code: 'daemon-start-failed', message: expect.stringContaining(home.log) })
  await vi.waitFor(() => expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow('ESRCH'))
})

test('one that recovers is waited for, however long it takes', async () => {
  // Ours, so that it is there however long a process takes to begin on a busy machine.
  const sign = join(home.runtime, 'recovering')
  mkdirSync(home.runtime, { recursive: true })
  writeFileSync(sign, String(process.pid))
  // Longer than the patience; and what comes after it has a patience of its own.
  const recovering = `setTimeout(() => { require('node:fs').rmSync(${JSON.stringify(sign)}); setTimeout(() => { ${LISTEN(home.socket)} }, 500) }, 700)`
  await start(recovering, { patienceMs: 1000 })
  expect(existsSync(`${home.socket}.started`)).toBe(true)
})

test('Ctrl-C ends the wait', async () => {
  const interruption = new AbortController()
  const waiting = start('setTimeout(() => {}, 500)', { interrupted: interruption.signal })
  interruption.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'interrupted' })
})

test('a home that does not exist is not made', async () => {
  const env = { HOME: join(folder, 'nobody') }
  home = homeOf(env, 0)
  await expect(start('', { env })).rejects.toMatchObject({ code: 'home-unwritable', next: expect.stringContaining('NEXUS_HOME') })
  expect(existsSync(env.HOME)).toBe(false)
})
