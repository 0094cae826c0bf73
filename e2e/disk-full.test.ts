/** The disk under the state is full: what happened is recorded, nothing new is begun, and with space everything goes on. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type TestContext } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Status } from '@nexus/protocol/system'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'
import { SmallDisk } from './small-disk.ts'

interface Scene extends AsyncDisposable {
  readonly nexus: Nexus
  readonly disk: SmallDisk
}

/** The state is on the small disk, the project is not. */
async function sceneOf(skip: TestContext['skip']): Promise<Scene> {
  await using opened = new AsyncDisposableStack()
  const nexus = new Nexus()
  const state = join(nexus.base, 'state')
  mkdirSync(state)
  const disk = await SmallDisk.at(state, 64)
  if (disk) opened.use(disk)
  opened.use(nexus)
  if (!disk) return skip('needs a mount namespace of its own')
  nexus.through = disk.through(nexus.project)
  const ending = opened.move()
  return { nexus, disk, [Symbol.asyncDispose]: () => ending.disposeAsync() }
}

test('a run that meets a full disk is recorded; nothing new begins; with space everything goes on', async ({ skip }) => {
  await using scene = await sceneOf(skip)
  const { nexus, disk } = scene
  const first = await nexus.run('--keep', 'echo 1 > first.txt')
  expect([first.status, disk.names().includes('ballast')]).toEqual(['kept', true])

  const speaking = nexus.start(['run', '--keep', '--json', 'echo 2 > second.txt; echo ready; read line; seq 400000; echo the end'], { input: 'open' })
  await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs[0]?.status === 'running')
  const second = (await nexus.json<{ runs: Run[] }>('runs')).runs[0]?.id ?? ''
  await until(async () => (await nexus.json<{ run: Run }>('show', second)).run.status === 'running')
  disk.fill()
  speaking.child.stdin?.end('go\n')
  const { run } = JSON.parse((await speaking.ended).stdout) as { run: Run }
  expect({ status: run.status, exitCode: run.exitCode, stdout: run.stdout.toString().slice(-8) }).toEqual({ status: 'kept', exitCode: 0, stdout: 'the end\n' })
  expect(run.stderr).toContain('output could not be stored from here on')
  expect(run.changes.map(({ path }) => path)).toEqual(['second.txt'])

  const status = await nexus.json<Status>('status')
  expect([status.disk.full, disk.names().includes('ballast')]).toEqual([true, false])
  expect((await nexus.call('status')).stdout).toContain('full: ')
  expect((await nexus.call('events', '--json')).stdout).toContain('"disk.filled"')
  const refused = await nexus.json<{ error: { code: string; next: string } }>('run', 'true')
  expect([refused.code, refused.error.code, refused.error.next]).toEqual([125, 'disk-full', expect.stringContaining('nexus gc')])

  disk.empty()
  expect((await nexus.run('true')).status).toBe('unchanged')
  expect([(await nexus.json<Status>('status')).disk.full, disk.names().includes('ballast')]).toEqual([false, true])
  for (const id of [first.id, run.id]) expect((await nexus.json('apply', id)).code).toBe(0)
  expect(['first.txt', 'second.txt'].map((name) => readFileSync(join(nexus.project, name), 'utf8'))).toEqual(['1\n', '2\n'])
})

test(proves('a run that is about to fill the disk ends before it is full; a small one beside it goes on', 'RUN-9'), async ({ skip }) => {
  await using scene = await sceneOf(skip)
  const { nexus } = scene
  const beside = nexus.start(['run', '--keep', '--json', 'echo 1 > first.txt; read line'], { input: 'open' })
  const run = await nexus.run('--keep', 'while :; do head -c 300000 /dev/zero >> hog; sleep 0.02; done')
  expect(run).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'space' } })
  expect((await nexus.call('show', run.id)).stdout).toMatch(/the disk has .* left, and .* must stay free/)
  beside.child.stdin?.end('go\n')
  expect((JSON.parse((await beside.ended).stdout) as { run: Run }).run).toMatchObject({ status: 'kept', exitCode: 0 })
})

test('an apply that finds no room at all leaves the host alone and says why; then it can be carried out', async ({ skip }) => {
  await using scene = await sceneOf(skip)
  const { nexus, disk } = scene
  const { id } = await nexus.run('--keep', 'echo 1 > first.txt')
  disk.fill()
  // The first call lets the ballast go; then even that room is taken.
  await nexus.call('apply', id, 'first.txt')
  await nexus.call('rollback', id)
  disk.fill()
  const refused = await nexus.json<{ error: { code: string } }>('apply', id)
  expect([refused.code, refused.error.code, existsSync(join(nexus.project, 'first.txt'))]).toEqual([125, 'disk-full', false])
  disk.empty()
  expect((await nexus.json('apply', id)).code).toBe(0)
  expect((await nexus.json('rollback', id)).code).toBe(0)
})

test('a daemon starts on a full disk, by letting its ballast go', async ({ skip }) => {
  await using scene = await sceneOf(skip)
  const { nexus, disk } = scene
  const { id } = await nexus.run('--keep', 'echo 1 > first.txt')
  await nexus.call('daemon', 'stop')
  disk.fill()
  const runs = await nexus.json<{ runs: Run[] }>('runs')
  expect(runs.runs?.map((run) => run.id)).toEqual([id])
  expect((await nexus.json<Status>('status')).disk.full).toBe(true)
  expect((await nexus.json('discard', id)).code).toBe(0)
  disk.empty()
  expect((await nexus.run('true')).status).toBe('unchanged')
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}
