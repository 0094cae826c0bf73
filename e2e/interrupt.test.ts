/** Things that end before their time: Ctrl-C at each moment, kill, a daemon that dies, two daemons at once. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, type Ended } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

async function until<Value>(look: () => Promise<Value | false | undefined> | Value | false | undefined, what: string, patienceMs = 15_000): Promise<Value> {
  for (const beganAt = performance.now(); performance.now() - beganAt < patienceMs; await sleep(30)) {
    const found = await look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`waited ${patienceMs} ms for ${what}`)
}

const newest = async (status: string) => (await nexus.json<{ runs: Run[] }>('runs', '--limit', '1')).runs.find((run) => run.status === status)
const show = async (id: string) => (await nexus.json<{ run: Run }>('show', id)).run

/** The sleeping commands of these tests, by what they were called with; the pid in it keeps two suites apart. */
function sleeping(word: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
      return line.startsWith('sleep ') && line.includes(word) ? [line] : []
    } catch {
      // It ended while we looked.
      return []
    }
  })
}

/** A shell shows 130 for both: ended by the signal, or ended by itself because of it. */
function interrupted({ code, signal }: Ended): boolean {
  return code === 130 || signal === 'SIGINT'
}

/** A zombie is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // No such process.
    return false
  }
}

describe('Ctrl-C', () => {
  test('while the daemon is started for the first time', async () => {
    const { child, ended } = nexus.start(['run', '--keep', 'sleep 60'])
    await sleep(60)
    child.kill('SIGINT')
    expect(interrupted(await ended)).toBe(true)
    await until(async () => !(await nexus.json<{ runs: Run[] }>('runs')).runs.some(({ status }) => status === 'running' || status === 'queued'), 'nothing to run')
  })

  test('while the command runs: it ends, its layer is kept for a look, nothing is applied', async () => {
    await nexus.call('daemon', 'start')
    const { child, ended } = nexus.start(['run', '--apply', `echo 1 > a; sleep 61.${process.pid}`])
    const { id } = await until(() => newest('running'), 'the run')
    await until(() => sleeping(`sleep 61.${process.pid}`).length > 0, 'its process')
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(await show(id)).toMatchObject({ status: 'failed', endReason: 'interrupted', changes: [{ path: 'a', kind: 'added' }] })
    expect(existsSync(join(nexus.project, 'a'))).toBe(false)
    expect(sleeping(`sleep 61.${process.pid}`)).toEqual([])
  })

  test('twice: the client leaves at once', async () => {
    await nexus.call('daemon', 'start')
    const { child, ended } = nexus.start(['run', `trap "" INT TERM; sleep 62.${process.pid}`])
    await until(() => newest('running'), 'the run')
    child.kill('SIGINT')
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    await until(() => sleeping(`sleep 62.${process.pid}`).length === 0, 'the command to end')
  })

  test('of a client that only follows the log', async () => {
    await nexus.call('daemon', 'start')
    const { child, ended } = nexus.start(['events', '--follow'])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.kill('SIGINT')
    expect(interrupted(await ended)).toBe(true)
  })

  test('during an apply: the host is old or new, and the record agrees', async () => {
    const run = await nexus.run('--keep', 'for i in $(seq 400); do echo $i > f$i; done')
    const { child, ended } = nexus.start(['apply', run.id])
    await sleep(90)
    child.kill('SIGINT')
    await ended
    const settled = await until(async () => { const now = await show(run.id); return now.status === 'applied' || now.status === 'kept' ? now : undefined }, 'the apply to settle')
    const there = Array.from({ length: 400 }, (_, at) => existsSync(join(nexus.project, `f${at + 1}`)))
    expect(new Set(there)).toEqual(new Set([settled.status === 'applied']))
  })
})

test('Ctrl-C at any moment: all of it is on the host, or nothing, and the record says which', async () => {
  await nexus.call('daemon', 'start')
  const rounds = process.env.NEXUS_ENDURANCE === '1' ? 200 : 8
  for (let round = 0; round < rounds; round += 1) {
    const files = Array.from({ length: 40 }, (_, at) => `round-${round}-${at}`)
    const { child, ended } = nexus.start(['run', '--apply', `for i in $(seq 0 39); do echo $i > round-${round}-$i; done`])
    const pauseMs = Math.round((round / rounds) * 300)
    await sleep(pauseMs)
    child.kill('SIGINT')
    const end = await ended
    const there = files.filter((name) => existsSync(join(nexus.project, name))).length
    const what = `after ${pauseMs} ms: ${JSON.stringify(end)}`
    expect([0, files.length], what).toContain(there)
    if (end.code === 0) expect(there, what).toBe(files.length)
    const run = (await nexus.json<{ runs: Run[] }>('runs', '--limit', '1')).runs[0]
    if (run?.command[0]?.includes(`round-${round}-`)) expect(there === files.length, what).toBe(run.status === 'applied')
  }
})

test('a client that is killed leaves no run behind that nobody can end', async () => {
  await nexus.call('daemon', 'start')
  const { child, ended } = nexus.start(['run', `sleep 63.${process.pid}`])
  const { id } = await until(() => newest('running'), 'the run')
  child.kill('SIGKILL')
  await ended
  expect((await nexus.json('kill', id)).code).toBe(0)
  expect(sleeping(`sleep 63.${process.pid}`)).toEqual([])
})

describe('kill', () => {
  test('stops everything within a second, says what, and holds until released', async () => {
    await nexus.call('daemon', 'start')
    const both = [nexus.start(['run', `trap "" TERM INT HUP; sleep 64.${process.pid}`]), nexus.start(['run', `sleep 65.${process.pid} & setsid sleep 66.${process.pid} & wait`])]
    await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs.filter(({ status }) => status === 'running').length === 2, 'two runs')
    await until(() => sleeping(`.${process.pid}`).length >= 3, 'their processes')
    const beganAt = performance.now()
    const killed = await nexus.json<{ killed: boolean; stopped: string[]; tookMs: number }>('kill')
    expect(performance.now() - beganAt).toBeLessThan(1500)
    expect({ killed: killed.killed, stopped: killed.stopped.length }).toEqual({ killed: true, stopped: 2 })
    expect(killed.tookMs).toBeLessThan(1000)
    expect(sleeping(`.${process.pid}`)).toEqual([])
    expect((await Promise.all(both.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([137, 137])
    for (const id of killed.stopped) expect(await show(id)).toMatchObject({ status: 'failed', endReason: 'killed' })

    expect((await nexus.json<{ error: { code: string } }>('run', 'true')).error.code).toBe('killed')
    await nexus.call('daemon', 'restart')
    expect((await nexus.call('run', 'true')).code).toBe(126)
    expect((await nexus.call('kill', '--release')).code).toBe(0)
    expect((await nexus.call('run', 'true')).code).toBe(0)
  })

  test('of one run leaves the others', async () => {
    await nexus.call('daemon', 'start')
    const one = nexus.start(['run', `sleep 67.${process.pid}`])
    const { id } = await until(() => newest('running'), 'the first run')
    const other = nexus.start(['run', 'sleep 1.5; echo well'])
    await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs.filter(({ status }) => status === 'running').length === 2, 'two runs')
    expect((await nexus.json('kill', id)).code).toBe(0)
    expect((await one.ended).code).toBe(137)
    expect(await other.ended).toMatchObject({ code: 0, stdout: 'well\n' })
  })
})

describe(proves('a daemon that dies', 'SYS-1'), () => {
  test('kill -9 during a run: the next start says daemon-died, keeps the layer, and nothing goes on running', async () => {
    mkdirSync(join(nexus.project, 'src'))
    writeFileSync(join(nexus.project, 'src/a'), '1')
    const before = snapshot(nexus.project)
    await nexus.call('daemon', 'start')
    const { ended } = nexus.start(['run', '--apply', `echo 2 > src/a; sleep 68.${process.pid}`])
    const { id } = await until(() => newest('running'), 'the run')
    await until(() => sleeping(`sleep 68.${process.pid}`).length > 0, 'its process')
    const pid = await nexus.pid()
    process.kill(pid, 'SIGKILL')
    const client = await ended
    expect(client.code).toBe(125)
    expect(client.stderr).toContain('daemon-died')
    await until(() => sleeping(`sleep 68.${process.pid}`).length === 0, 'the command to end with its daemon')
    expect(await show(id)).toMatchObject({ status: 'failed', endReason: 'daemon-died', changes: [{ path: 'src/a', kind: 'modified' }] })
    expect((await nexus.json<{ error: { code: string } }>('apply', id)).error.code).toBe('not-appliable')
    expect(differences(before, snapshot(nexus.project))).toEqual([])
    expect(await nexus.pid()).not.toBe(pid)
  })

  test('a graceful stop ends runs and checks, closes the database, and leaves no process', async () => {
    await nexus.call('daemon', 'start')
    const pid = await nexus.pid()
    const checked = (await nexus.json<{ run: Run }>('run', '--detach', '--apply', '--check', `sleep 70.${process.pid}`, 'echo 1 > made')).run
    await until(() => sleeping(`sleep 70.${process.pid}`).length > 0, 'its check')
    const { ended } = nexus.start(['run', `sleep 69.${process.pid}`])
    const { id } = await until(() => newest('running'), 'the run')
    expect((await nexus.json<{ stopped: boolean }>('daemon', 'stop')).stopped).toBe(true)
    // At once: who stops a daemon may want to move its state.
    expect(isAlive(pid)).toBe(false)
    expect(sleeping(`sleep 69.${process.pid}`)).toEqual([])
    await ended
    expect(await show(id)).toMatchObject({ status: 'failed', endReason: 'daemon-died' })
    // What was asked for beside it did not pass: nothing of it is applied.
    expect(await show(checked.id)).toMatchObject({ status: 'kept', check: { exitCode: null } })
    expect([existsSync(join(nexus.project, 'made')), sleeping(`sleep 70.${process.pid}`)]).toEqual([false, []])
    await nexus.call('daemon', 'stop')
    expect(['nexus.db-wal', 'run/daemon.sock'].filter((path) => existsSync(join(nexus.base, 'state', path)))).toEqual([])
  })

  test('SIGTERM is a graceful stop', async () => {
    await nexus.call('daemon', 'start')
    const pid = await nexus.pid()
    process.kill(pid, 'SIGTERM')
    await until(() => !isAlive(pid), 'the daemon to end')
    expect((await nexus.json<{ running: boolean }>('status')).running).toBe(false)
    expect((await nexus.call('run', 'true')).code).toBe(0)
  })

  test('eight clients at once meet one daemon', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => nexus.json<{ pid: number; error?: unknown }>('daemon', 'start')))
    expect(answers.flatMap(({ error }) => error ?? [])).toEqual([])
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1)
  })
})
