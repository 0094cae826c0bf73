/** Output of any amount, at any speed, of any content: bounded in memory and on the disk, exact in a pipe, harmless on a terminal. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, root } from './nexus.ts'
import { proves } from './requirements.ts'

const MIB = 1024 * 1024
const LIMIT_BYTES = 256 * MIB

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

/** Bytes of output on the disk, stored and under way. */
function onDisk(): number {
  const sizeOf = (folder: string): number => (existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? sizeOf(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
  }, 0)
  return sizeOf(join(nexus.base, 'state/output')) + sizeOf(join(nexus.base, 'state/blobs'))
}

/** The most memory that the daemon ever had. */
async function peakBytes(): Promise<number> {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${await nexus.pid()}/status`, 'utf8'))?.[1]) * 1024
}

async function running(): Promise<Run | undefined> {
  return (await nexus.json<{ runs: Run[] }>('runs', '--limit', '1')).runs.find(({ status }) => status === 'running')
}

async function until<Value>(look: () => Promise<Value | undefined | false> | Value | undefined | false): Promise<Value> {
  for (const beganAt = performance.now(); performance.now() - beganAt < 60_000; await sleep(30)) {
    const found = await look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`it never came to that; the runs: ${(await nexus.call('runs')).stdout}`)
}

test(proves('a command that never stops printing fills neither disk nor memory, and what is missing is told', 'RUN-2'), async () => {
  await nexus.run('true')
  const before = await peakBytes()
  const { ended } = nexus.start(['run', '--json', '--', 'sh', '-c', 'echo the very first line; yes; true'])
  const { id } = await until(running)
  await until(() => onDisk() > 200 * MIB)
  // Twice the limit and more has been printed by now.
  await sleep(3000)
  expect(onDisk()).toBeLessThan(LIMIT_BYTES * 1.02)
  await nexus.call('kill', id)
  const { run } = JSON.parse((await ended).stdout) as { run: Run }
  expect([run.status, run.endReason]).toEqual(['failed', 'killed'])
  expect(run.truncated.stored).toMatchObject({ limitBytes: LIMIT_BYTES })
  expect(run.truncated.stored?.leftOutBytes).toBeGreaterThan(0)
  expect(String(run.stdout)).toMatch(/^the very first line\ny\n/)
  expect(Buffer.byteLength(String(run.stdout))).toBe(MIB)
  expect(onDisk()).toBeLessThan(LIMIT_BYTES * 1.02)
  expect(await peakBytes() - before).toBeLessThan(256 * MIB)
  const told = await nexus.call('show', id)
  expect(told.stdout).toContain('output cut: more than 268 MB were printed')
})

test(proves('a pipe gets every byte, also of a reader that comes late and is slow', 'RUN-2'), async () => {
  const bytes = randomBytes(40 * MIB)
  writeFileSync(join(nexus.project, 'big.bin'), bytes)
  const child = spawn('sh', ['-c', `"${join(root, 'nexus')}" run -- cat big.bin | (sleep 4; sha256sum)`], { cwd: nexus.project, env: nexus.env, stdio: ['ignore', 'pipe', 'ignore'] })
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => { told += chunk.toString() })
  // Nobody reads for a while: the command waits instead of being recorded ahead without end.
  await until(running)
  await sleep(1500)
  expect(onDisk()).toBeLessThan(20 * MIB)
  await new Promise((resolve) => { child.on('close', resolve) })
  expect(told.split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'))
  const { run } = await nexus.json<{ run: Run }>('show', 'last')
  expect([run.exitCode, run.status, run.truncated]).toEqual([0, 'unchanged', { stdout: 39 * MIB, stderr: 0 }])
})

test('bytes that are no text come out of a pipe as they went in, and stand as base64 in the record', async () => {
  const child = spawn(join(root, 'nexus'), ['run', '--', 'printf', '\\377\\000\\376\\033]52;c;eA==\\007\\200'], { cwd: nexus.project, env: nexus.env, stdio: ['ignore', 'pipe', 'ignore'] })
  const parts: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => parts.push(chunk))
  await new Promise((resolve) => { child.on('close', resolve) })
  const expected = Buffer.from('\u00FF\u0000\u00FE\u001B]52;c;eA==\u0007\u0080', 'latin1')
  expect(Buffer.concat(parts).equals(expected)).toBe(true)
  const { run } = await nexus.json<{ run: Run }>('show', 'last')
  expect(run.stdout).toEqual({ base64: expected.toString('base64') })
  const { stdout } = await nexus.call('show', 'last')
  expect(stdout).not.toMatch(/[\u001B\u0007\u0080-\u009F]/)
  expect(stdout).toContain('\\x1b]52;c;eA==\\x07')
})

test(proves('a command that waits for a reader who stands still can be ended at any time', 'RUN-2'), async () => {
  const { child, ended } = nexus.start(['run', '--', 'yes'])
  const { id } = await until(running)
  // The launcher script has become the client: one process.
  process.kill(child.pid ?? 0, 'SIGSTOP')
  let seen = -1
  await until(() => {
    const now = onDisk()
    const isStill = now > 0 && now === seen
    seen = now
    return sleep(1000).then(() => isStill)
  })
  expect(onDisk()).toBeLessThan(LIMIT_BYTES)
  expect((await nexus.call('kill', id)).code).toBe(0)
  const { run } = await nexus.json<{ run: Run }>('show', id)
  expect([run.status, run.endReason]).toEqual(['failed', 'killed'])
  process.kill(child.pid ?? 0, 'SIGKILL')
  await ended
})
