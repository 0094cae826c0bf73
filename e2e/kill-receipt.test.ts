/** `nexus kill` and what its receipt says: what ended, what of the host was written, and a proof that anybody can check. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Proof } from '@nexus/protocol/proof'
import type { Receipt } from '@nexus/protocol/receipt'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'

const nexus = new Nexus()
beforeAll(async () => {
  mkdirSync(join(nexus.project, 'src'))
  writeFileSync(join(nexus.project, 'src/a'), 'one\n')
  writeFileSync(join(nexus.project, 'src/b'), 'two\n')
  symlinkSync('a', join(nexus.project, 'src/link'))
  await nexus.call('daemon', 'start')
})
afterEach(async () => { await nexus.call('kill', '--release') })
afterAll(() => nexus[Symbol.asyncDispose]())

type Killed = { stopped: string[]; receipt: Receipt; proofs?: Proof[] }

/** A command that is recognised in the list of processes, and takes a while. */
const sleeper = (seconds: number) => `sleep ${seconds}.${process.pid}`
const alive = (word: string) => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name).startsWith(word))

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    // It ended while we looked.
    return ''
  }
}

async function detached(...words: string[]): Promise<Run> {
  const { run } = await nexus.json<{ run: Run }>('run', '--detach', ...words)
  for (let left = 100; left > 0 && (await status(run.id)) !== 'running'; left -= 1) await sleep(30)
  return run
}

const status = async (id: string) => (await nexus.json<{ run: Run }>('show', id)).run.status

test('nothing was running: the receipt says so, and a proof of the project is there to compare with', async () => {
  const killed = await nexus.json<Killed>('kill', '--proof')
  expect(killed.receipt).toEqual({ endedAt: expect.any(Number) as number, sinceAt: null, runs: [], written: [] })
  const { proof } = await nexus.json<{ proof: Proof }>('proof')
  expect(killed.proofs?.map(({ digest, entries, unread }) => ({ digest, entries, unread }))).toEqual([{ digest: proof.digest, entries: 6, unread: 0 }])
  expect((await nexus.call('kill')).stdout).toContain('nothing was running')
})

test('runs are ended, nothing was written: said in lines that fit, and the tree proves it', async () => {
  const before = snapshot(nexus.project)
  const { proof } = await nexus.json<{ proof: Proof }>('proof')
  const runs = [await detached(`echo three > src/a; rm src/b; ${sleeper(601)}`), await detached('--net', 'localhost:9', '--', 'sh', '-c', `: ${'x'.repeat(200)}; ${sleeper(602)}`)]
  const killed = await nexus.call('kill', '--proof')
  expect(alive('sleep 60')).toEqual([])
  expect(differences(before, snapshot(nexus.project))).toEqual([])
  const lines = killed.stdout.trimEnd().split('\n')
  expect(lines.filter((line) => line.length > 80), killed.stdout).toEqual([])
  expect(lines[0]).toMatch(/^■ killed in \d+ ms: 2 runs ended$/)
  for (const { id } of runs) expect(killed.stdout).toContain(id)
  expect(killed.stdout).toMatch(/host +no file was written since \d\d:\d\d:\d\d, when the first began/)
  expect(killed.stdout).toContain('localhost:9 could be reached')
  expect(killed.stdout).toContain(proof.digest)
})

test('what was applied and taken back while a run ran stands in its receipt, and only that', async () => {
  await nexus.run('--apply', 'echo before > src/early')
  const run = await detached(sleeper(603))
  const first = await nexus.run('--apply', 'echo 1 > src/a; echo 2 > src/new')
  await nexus.call('rollback', first.id)
  const second = await nexus.run('--apply', 'echo 3 > src/b')
  const { receipt, ...answer } = await nexus.json<{ run: Run; receipt: Receipt }>('kill', run.id)
  expect({ status: answer.run.status, endReason: answer.run.endReason }).toEqual({ status: 'failed', endReason: 'killed' })
  const { sinceAt, endedAt } = receipt
  expect(receipt.runs).toEqual([{ id: run.id, project: nexus.project, command: [sleeper(603)], startedAt: sinceAt, was: 'running', reach: 'off' }])
  expect(receipt.written.map(({ writtenAt, ...rest }) => ({ ...rest, isSince: writtenAt >= (sinceAt ?? Infinity) && writtenAt <= endedAt }))).toEqual([
    { run: first.id, project: nexus.project, direction: 'apply', end: 'done', paths: ['src/a', 'src/new'], isSince: true },
    { run: first.id, project: nexus.project, direction: 'rollback', end: 'done', paths: ['src/a', 'src/new'], isSince: true },
    { run: second.id, project: nexus.project, direction: 'apply', end: 'done', paths: ['src/b'], isSince: true },
  ])
  const again = await detached(sleeper(604))
  await nexus.call('rollback', second.id)
  const said = await nexus.call('kill', again.id)
  expect(said.stdout).toMatch(new RegExp(`^■ stopped ${again.id}\n`))
  expect(said.stdout).toMatch(new RegExp(`rolled back ${second.id}, 1 path\n +in ${nexus.project}\n +src/b\n`))
  expect(said.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test('a check is ended, too, and what was to be applied after it is not', async () => {
  const before = snapshot(nexus.project)
  const { ended } = nexus.start(['run', '--apply', '--check', sleeper(605), 'echo checked > src/a'])
  for (let left = 100; left > 0 && alive('sleep 605').length === 0; left -= 1) await sleep(50)
  const { receipt, stopped } = await nexus.json<Killed>('kill')
  expect(alive('sleep 605')).toEqual([])
  expect(receipt.runs.map(({ was }) => was)).toEqual(['check'])
  expect((await ended).code).toBe(5)
  expect(await status(stopped[0] ?? '')).toBe('kept')
  expect(differences(before, snapshot(nexus.project))).toEqual([])
})

test('a run whose check goes on is killed by its name; a run that is over is not', async () => {
  const { ended } = nexus.start(['run', '--apply', '--check', sleeper(606), 'echo checked > src/a'])
  for (let left = 100; left > 0 && alive('sleep 606').length === 0; left -= 1) await sleep(50)
  const { run, receipt } = await nexus.json<{ run: Run; receipt: Receipt }>('kill', 'last')
  expect({ status: run.status, was: receipt.runs.map(({ was }) => was), alive: alive('sleep 606') }).toEqual({ status: 'kept', was: ['check'], alive: [] })
  expect((await ended).code).toBe(5)
  expect((await nexus.json<{ error: { code: string } }>('kill', run.id)).error.code).toBe('wrong-status')
})

test('a proof is the sha256 of its list, and a change of a byte, a mode, a time or a link is another one', async () => {
  const digest = async () => (await nexus.json<{ proof: Proof }>('proof')).proof.digest
  const { stdout } = await nexus.call('proof', '--list')
  const first = await digest()
  expect(createHash('sha256').update(stdout).digest('hex')).toBe(first)
  expect(stdout.split('\n').find((line) => line.endsWith(' src/link -> a'))).toMatch(/^l 0777 /)
  const seen = new Set([first])
  const steps = [
    () => writeFileSync(join(nexus.project, 'src/a'), 'ONE\n'), () => chmodSync(join(nexus.project, 'src/a'), 0o600), () => utimesSync(join(nexus.project, 'src/b'), 1, 1),
    () => mkdirSync(join(nexus.project, 'empty')), () => symlinkSync('b', join(nexus.project, 'src/other\nline')),
  ]
  for (const step of steps) {
    step()
    seen.add(await digest())
  }
  expect(seen.size).toBe(1 + steps.length)
  expect((await nexus.call('proof', '--list')).stdout).toContain(' src/other\\nline -> b\n')
  expect(existsSync(join(nexus.project, 'empty'))).toBe(true)
  expect(await digest()).toBe([...seen].at(-1))
})
