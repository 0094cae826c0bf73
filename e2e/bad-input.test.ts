/** What a person gets wrong: a clear message with the next step, the right exit code, nothing half-done. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needsStranger } from './needs.ts'
import { Nexus, root, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

interface Refusal { readonly code: number | null; readonly error: { readonly code: string; readonly message: string; readonly next: string } }

/** The refusal as JSON; the same call for people must say the same on stderr and nothing on stdout. */
async function refusal(...words: string[]): Promise<Refusal> {
  const refused = await nexus.json<Refusal>(...words)
  const plain = await nexus.call(...words)
  expect(plain).toEqual({ code: refused.code, signal: null, stdout: '', stderr: `nexus: ${refused.error.message}\n${refused.error.next ? `  next: ${refused.error.next}\n` : ''}` })
  expect(refused.error.next).not.toBe('')
  return refused
}

describe(proves('each refusal has a code, a message, a next step and its exit code', 'CHAT-2'), () => {
  test('an unknown run', async () => {
    for (const command of ['show', 'diff', 'apply', 'discard', 'rollback', 'approve', 'kill']) {
      expect(await refusal(command, 'rzzzzzzzzzzzz')).toMatchObject({ code: 127, error: { code: 'no-run', message: 'there is no run rzzzzzzzzzzzz' } })
    }
  })

  test('no run yet', async () => {
    expect(await refusal('show', 'last')).toMatchObject({ code: 127, error: { code: 'no-last-run' } })
  })

  test('a prefix that is too short, or could be two', async () => {
    const { id } = await nexus.run('true')
    expect(await refusal('show', id.slice(0, 3))).toMatchObject({ code: 2, error: { code: 'short-run' } })
    await nexus.call('daemon', 'stop')
    const twin = `${id.slice(0, 12)}${id.endsWith('a') ? 'b' : 'a'}`
    copyRun(id, twin)
    expect(await refusal('show', id.slice(0, 8))).toMatchObject({ code: 2, error: { code: 'ambiguous-run' } })
    expect((await nexus.json<{ run: { id: string } }>('show', twin)).run.id).toBe(twin)
  })

  test('a directory that is not there, or is a file, or lies elsewhere', async () => {
    writeFileSync(join(nexus.project, 'file'), '')
    mkdirSync(join(nexus.base, 'other'))
    expect(await refusal('run', '--cwd', join(nexus.base, 'nowhere'), 'true')).toMatchObject({ code: 127, error: { code: 'no-directory' } })
    expect(await refusal('run', '--cwd', join(nexus.project, 'file'), 'true')).toMatchObject({ code: 2, error: { code: 'not-a-directory' } })
    expect(await refusal('run', '--project', nexus.project, '--cwd', join(nexus.base, 'other'), 'true')).toMatchObject({ code: 2, error: { code: 'cwd-outside-project' } })
  })

  test('the home, a folder above it, and / are no projects, not through a link either', async () => {
    symlinkSync(nexus.userHome, join(nexus.base, 'link'))
    for (const project of [nexus.userHome, nexus.base, '/', join(nexus.base, 'link')]) {
      expect(await refusal('run', '--project', project, '--cwd', project, 'true')).toMatchObject({ code: 126, error: { code: 'project-refused' } })
    }
  })

  test('the state folder is no project', async () => {
    await nexus.call('daemon', 'start')
    const state = join(nexus.base, 'state')
    expect(await refusal('run', '--project', state, '--cwd', state, 'true')).toMatchObject({ code: 126, error: { code: 'project-in-state' } })
  })

  test('a path that the run did not change', async () => {
    const { id } = await nexus.run('--keep', 'echo 1 > a')
    expect(await refusal('apply', id, 'b')).toMatchObject({ code: 127, error: { code: 'no-path' } })
    expect(await refusal('diff', id, 'b')).toMatchObject({ code: 127, error: { code: 'no-path' } })
  })

  test('wishes and values that do not fit', async () => {
    for (const words of [['run'], ['run', '--apply', '--keep', 'true'], ['run', '--timeout', 'soon', 'true'], ['run', '--backend', 'tape', 'true'], ['show'], ['show', 'a', 'b'],
      ['runs', '--limit', 'many'], ['events', '--after', 'x'], ['frobnicate'], ['daemon', 'dance'], ['kill', 'rabcd', '--release']]) {
      expect((await refusal(...words)).code, words.join(' ')).toBe(2)
    }
  })

  test('moves that a run cannot make', async () => {
    const discarded = (await nexus.run('--discard', 'echo 1 > a')).id
    const failed = (await nexus.run('--timeout', '100ms', 'echo 1 > a; sleep 20')).id
    for (const command of ['apply', 'rollback', 'discard', 'approve', 'kill']) expect((await refusal(command, discarded)).code, `${command} of a discarded run`).toBe(126)
    expect(await refusal('apply', failed)).toMatchObject({ code: 126, error: { code: 'not-appliable' } })
    expect(existsSync(join(nexus.project, 'a'))).toBe(false)
  })
})

describe(proves('a daemon that cannot start says why', 'SYS-1'), () => {
  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    nexus.env.NEXUS_PORT = String((server.address() as { port: number }).port)
    try {
      expect(await refusal('daemon', 'start')).toMatchObject({ code: 125, error: { code: 'port-taken', next: expect.stringContaining('NEXUS_PORT') } })
    } finally {
      server.close()
    }
    expect((await nexus.json('daemon', 'start')).code).toBe(0)
  })

  test('a port that is none', async () => {
    nexus.env.NEXUS_PORT = 'http'
    expect(await refusal('daemon', 'start')).toMatchObject({ code: 2, error: { code: 'usage', message: expect.stringContaining('NEXUS_PORT is "http"') } })
  })

  test('a database of a newer Nexus is left alone', async () => {
    await nexus.call('daemon', 'start')
    await nexus.call('daemon', 'stop')
    const database = new DatabaseSync(join(nexus.base, 'state/nexus.db'))
    const table = database.prepare("SELECT name FROM sqlite_master WHERE name LIKE '%drizzle_migrations%'").get() as { name: string }
    database.exec(`INSERT INTO ${table.name} (hash, created_at) VALUES ('of a later version', 99999999999999)`)
    database.close()
    expect(await refusal('runs')).toMatchObject({ code: 125, error: { code: 'database-newer' } })
  })

  test('nowhere to write: the variable to set', async () => {
    delete nexus.env.NEXUS_HOME
    nexus.env.HOME = '/dev/null/home'
    expect(await refusal('runs')).toMatchObject({ code: 125, error: { code: 'home-unwritable', next: expect.stringContaining('NEXUS_HOME') } })
    nexus.env.NEXUS_HOME = join(nexus.base, 'state')
  })

  test('a home that belongs to somebody else is not written to', async ({ skip }) => {
    needsStranger(skip)
    await using guest = new Nexus({ as: STRANGER, env: { HOME: nexus.userHome } })
    delete guest.env.NEXUS_HOME
    chmodSync(nexus.base, 0o700)
    const refused = await guest.json<Refusal>('runs')
    expect(refused).toMatchObject({ code: 125, error: { code: 'home-unwritable', next: expect.stringContaining('NEXUS_HOME') } })
  })

  test('whoever was first in a runtime folder for everybody is not taken for the daemon', async ({ skip }) => {
    needsStranger(skip)
    const runtime = join(nexus.base, 'for-everybody')
    await using guest = new Nexus({ as: STRANGER, env: { XDG_RUNTIME_DIR: runtime } })
    delete guest.env.NEXUS_HOME
    mkdirSync(join(runtime, 'nexus'), { recursive: true })
    chmodSync(runtime, 0o1777)
    let heard = 0
    const impostor = createServer((socket) => { heard += 1; socket.end() }).listen(join(runtime, 'nexus/daemon.sock'))
    await once(impostor, 'listening')
    chmodSync(nexus.base, 0o755)
    chmodSync(join(runtime, 'nexus/daemon.sock'), 0o777)
    for (const path of ['nexus', 'nexus/daemon.sock']) chownSync(join(runtime, path), STRANGER.uid + 1, STRANGER.gid + 1)
    try {
      const refused = await guest.json<Refusal>('run', '--', 'true')
      expect(refused).toMatchObject({ code: 125, error: { code: 'home-unwritable', message: expect.stringContaining('somebody else'), next: expect.stringContaining('NEXUS_HOME') } })
      expect(heard).toBe(0)
    } finally {
      impostor.close()
    }
  })

  test('a socket path that is too long gets a short link, or a clear answer', async () => {
    nexus.env.NEXUS_HOME = join(nexus.base, 'long'.repeat(30), 'state')
    mkdirSync(nexus.env.NEXUS_HOME, { recursive: true })
    nexus.env.XDG_RUNTIME_DIR = join(nexus.base, 'runtime')
    mkdirSync(nexus.env.XDG_RUNTIME_DIR, { mode: 0o700 })
    expect((await nexus.json('run', 'true')).code).toBe(0)
    await nexus.call('daemon', 'stop')
    nexus.env.XDG_RUNTIME_DIR = '/dev/null/runtime'
    expect(await refusal('runs')).toMatchObject({ code: 125, error: { code: 'socket-path-too-long' } })
    nexus.env.NEXUS_HOME = join(nexus.base, 'state')
  })

  test('a clone that is not set up and cannot be written: 125 and what to do', () => {
    const clone = join(nexus.base, 'clone')
    mkdirSync(join(clone, 'scripts'), { recursive: true })
    cpSync(join(root, 'nexus'), join(clone, 'nexus'))
    cpSync(join(root, 'scripts/bootstrap.cjs'), join(clone, 'scripts/bootstrap.cjs'))
    for (const folder of ['scripts', '.']) chmodSync(join(clone, folder), 0o555)
    chmodSync(nexus.base, 0o755)
    // Root can write anywhere, so somebody else asks.
    const ended = spawnSync(join(clone, 'nexus'), ['status'], { env: nexus.env, encoding: 'utf8', cwd: '/', ...(process.getuid?.() === 0 ? STRANGER : {}) })
    expect({ status: ended.status, stdout: ended.stdout, stderr: ended.stderr }).toEqual({
      status: 125, stdout: '', stderr: expect.stringMatching(/^nexus: this clone is not set up and not writable: .*\n {2}next: run \.\/nexus once as the owner/),
    })
  })
})

/** Two ids that begin alike are one in a billion; a second row makes them. */
function copyRun(from: string, to: string): void {
  const database = new DatabaseSync(join(nexus.base, 'state/nexus.db'))
  for (const [table, key] of [['runs', 'id'], ['run_details', 'run']] as const) {
    const columns = (database.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => `"${name}"`)
    const rest = columns.filter((name) => name !== `"${key}"` && name !== '"number"').join(', ')
    database.prepare(`INSERT INTO ${table} (${key}, ${rest}) SELECT ?, ${rest} FROM ${table} WHERE ${key} = ?`).run(to, from)
  }
  database.close()
}
