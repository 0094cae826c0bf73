/** Runs that nobody waits for, as a program uses them. */
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'

type Answer = { run: Run }

test('--detach answers at once with a run that runs; logs shows what it printed; restart starts another; kill ends it', async () => {
  await using nexus = new Nexus()
  const { run } = await nexus.json<Answer>('run', '--detach', 'echo one; echo two >&2; echo three; sleep 300')
  expect(['queued', 'running']).toContain(run.status)
  let logs = await nexus.call('logs', run.id)
  for (let left = 50; left > 0 && !logs.stdout.includes('three'); left -= 1) logs = await nexus.call('logs', run.id)
  expect({ stdout: logs.stdout, stderr: logs.stderr, code: logs.code }).toEqual({ stdout: 'one\nthree\n', stderr: 'two\n', code: 0 })
  expect((await nexus.call('logs', run.id, '--tail', '3')).stdout).toBe('one\nthree\n')
  const attached = await nexus.json<{ error: { code: string } }>('attach', run.id)
  expect(attached.error.code).toBe('usage')

  const { run: again } = await nexus.json<Answer>('restart', run.id, '--timeout', '5s')
  expect(again.rerunOf).toBe(run.id)
  const { run: old } = await nexus.json<Answer>('show', run.id)
  expect({ status: old.status, signal: old.signal, stdout: old.stdout }).toEqual({ status: 'unchanged', signal: 'SIGTERM', stdout: 'one\nthree\n' })
  const { run: killed } = await nexus.json<Answer>('kill', again.id)
  expect({ status: killed.status, endReason: killed.endReason }).toEqual({ status: 'failed', endReason: 'killed' })
})

test('restart of a run that was handed a secret says that it cannot be repeated, and the run goes on', async () => {
  await using nexus = new Nexus()
  nexus.env.TOKEN = 'a-secret-of-one-run'
  const { run } = await nexus.json<Answer>('run', '--detach', '--secret', 'TOKEN', 'sleep 300')
  const refused = await nexus.json<{ error: { code: string; message: string } }>('restart', run.id)
  expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 126, error: 'handed-gone' })
  expect(refused.error.message).toContain('TOKEN')
  expect((await nexus.json<Answer>('show', run.id)).run.status).toBe('running')
})

test('stop ends what does not want to, after its time, and says so; what has ended cannot be stopped', async () => {
  await using nexus = new Nexus()
  const { run } = await nexus.json<Answer>('run', '--detach', 'trap "" TERM; echo ready; while :; do sleep 1; done')
  for (let left = 50; left > 0 && !(await nexus.call('logs', run.id)).stdout.includes('ready'); left -= 1) continue
  const { run: stopped } = await nexus.json<Answer>('stop', run.id, '--timeout', '300ms')
  expect({ status: stopped.status, endReason: stopped.endReason }).toEqual({ status: 'failed', endReason: 'killed' })
  const again = await nexus.json<{ error: { code: string } }>('stop', run.id)
  expect({ code: again.code, error: again.error.code }).toEqual({ code: 126, error: 'wrong-status' })
})

test('a run that nobody waits for ends with the daemon, and its layer is there afterwards', async () => {
  await using nexus = new Nexus()
  const { run } = await nexus.json<Answer>('run', '--detach', 'echo 1 > file; sync; echo ready; sleep 300')
  for (let left = 50; left > 0 && !(await nexus.call('logs', run.id)).stdout.includes('ready'); left -= 1) continue
  await nexus.call('daemon', 'stop')
  const { run: ended } = await nexus.json<Answer>('show', run.id)
  expect({ status: ended.status, changes: ended.changes.map(({ path }) => path) }).toEqual({ status: 'failed', changes: ['file'] })
})
