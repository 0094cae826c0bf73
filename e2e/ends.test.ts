/** Everything a run started ends with it: when it ends, when it is killed, when the daemon is killed, and what cannot end is told. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

let count = 0
/** A number of seconds that nobody else sleeps. */
const unique = () => `${6000 + (process.pid % 1000)}.${process.hrtime.bigint().toString().slice(-7)}${++count}`

function processesWith(word: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`sleep\0${word}`)
    } catch {
      return false // it has just ended
    }
  })
}

async function eventually(condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (condition()) return true
    await sleep(20)
  }
  return false
}

/** In the background, in another session, twice removed, deaf to signals, stopped, and holding every pipe. */
const offspring = (word: string) => `sleep ${word} & setsid sleep ${word} & (setsid sh -c 'sleep ${word} &' &); (trap '' TERM HUP INT; exec sleep ${word}) & sleep ${word} & kill -STOP $!; nohup sleep ${word} >/dev/null 2>&1 &`

describe.each(['native', 'util-linux'])('by %s', (launcher) => {
  beforeEach(() => { if (launcher === 'util-linux') nexus.env.NEXUS_NATIVE = '/nonexistent/nexus-native' })

  test(proves('when the command ends, all of it is gone', 'RUN-1'), async () => {
    const word = unique()
    const run = await nexus.run('--keep', `${offspring(word)} sleep 0.2; echo done; exit 7`)
    expect({ stdout: run.stdout, exitCode: run.exitCode, left: processesWith(word) }).toEqual({ stdout: 'done\n', exitCode: 7, left: [] })
  })

  test('when it is killed, or its time is over, all of it is gone', async () => {
    const word = unique()
    const timed = await nexus.run('--keep', '--timeout', '300ms', `${offspring(word)} trap '' TERM; while :; do sleep ${word}; done`)
    expect({ endReason: timed.endReason, left: processesWith(word) }).toEqual({ endReason: 'timed-out', left: [] })
    const started = nexus.start(['run', '--keep', '--', 'sh', '-c', `${offspring(word)} wait`])
    expect(await eventually(() => processesWith(word).length >= 5)).toBe(true)
    expect((await nexus.call('kill', 'last')).code).toBe(0)
    await started.ended
    expect(processesWith(word)).toEqual([])
  })

  test(proves('when the daemon is killed, all of it is gone, no mount is left, and the next daemon tidies up', 'RUN-1', 'SYS-1'), async () => {
    const word = unique()
    const started = nexus.start(['run', '--keep', '--', 'sh', '-c', `echo 1 > made; ${offspring(word)} wait`])
    expect(await eventually(() => processesWith(word).length >= 5)).toBe(true)
    const layers = join(nexus.base, 'state/layers')
    mkdirSync(join(layers, 'probe-cut-off/work/work'), { recursive: true })
    process.kill(await nexus.pid(), 'SIGKILL')
    expect(await eventually(() => processesWith(word).length === 0)).toBe(true)
    await started.ended
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(nexus.base)
    const { run } = await nexus.json<{ run: Run }>('show', 'last')
    expect({ status: run.status, endReason: run.endReason, changes: run.changes.map(({ path }) => path) }).toEqual({ status: 'failed', endReason: 'daemon-died', changes: ['made'] })
    expect(readdirSync(layers).filter((name) => name !== run.id && !name.startsWith('probe-'))).toEqual([])
    expect(existsSync(join(layers, 'probe-cut-off'))).toBe(false)
  })
})

const FREEZER = '/sys/fs/cgroup/freezer'

test('what waits inside the kernel cannot be ended: the result comes all the same, names it, and cannot be applied', async ({ skip }) => {
  if (process.geteuid?.() !== 0 || !existsSync(join(FREEZER, 'cgroup.procs'))) skip('needs root and the freezer of cgroup v1: a frozen process is the only one that can be made not to end')
  const word = unique()
  const cell = join(FREEZER, `nexus-test-${process.pid}`)
  mkdirSync(cell)
  const started = nexus.start(['run', '--json', '--keep', '--', 'sh', '-c', `sleep ${word} & echo 1 > made; sleep 5; echo done; exit 3`])
  try {
    expect(await eventually(() => processesWith(word).length === 1)).toBe(true)
    const [stuck = 0] = processesWith(word)
    writeFileSync(join(cell, 'cgroup.procs'), String(stuck))
    writeFileSync(join(cell, 'freezer.state'), 'FROZEN')
    const { run } = JSON.parse((await started.ended).stdout) as { run: Run }
    expect({ stdout: run.stdout, exitCode: run.exitCode, status: run.status, endReason: run.endReason }).toEqual({ stdout: 'done\n', exitCode: 3, status: 'failed', endReason: 'stuck' })
    expect(run.stderr).toContain(`${stuck} sleep (`)
    expect((await nexus.json<{ error: { code: string } }>('apply', run.id)).error.code).toBe('not-appliable')
    writeFileSync(join(cell, 'freezer.state'), 'THAWED')
    expect(await eventually(() => processesWith(word).length === 0)).toBe(true)
  } finally {
    writeFileSync(join(cell, 'freezer.state'), 'THAWED')
    await eventually(() => readFileSync(join(cell, 'cgroup.procs'), 'utf8') === '')
    rmdirSync(cell)
  }
})
