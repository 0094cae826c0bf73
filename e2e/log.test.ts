/** The log from outside: what a program that reads along sees of it, whatever becomes of the daemon meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '@nexus/protocol/events'
import { expect, test } from 'vitest'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

test(proves('a reader of the log outlives the daemon, killed or stopped, and misses nothing', 'SYS-1'), async () => {
  await using nexus = new Nexus()
  await nexus.run('--discard', 'true')
  const { child, ended } = nexus.start(['events', '--follow', '--json'])
  let read = ''
  child.stdout?.on('data', (chunk: Buffer) => { read += chunk.toString() })
  const seen = () => read.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Event)
  // Whoever has not begun to read starts the daemon by himself.
  for (let waited = 0; waited < 200 && seen().length === 0; waited += 1) await sleep(50)
  for (const end of ['kill', 'stop'] as const) {
    if (end === 'stop') await nexus.call('daemon', 'stop')
    else process.kill(await nexus.pid(), 'SIGKILL')
    // Long enough for the reader to have come in vain.
    await sleep(700)
    const run = await nexus.run('--discard', 'echo >file')
    for (let waited = 0; waited < 200 && !seen().some(({ subject, type }) => subject === run.id && type === 'run.discarded'); waited += 1) await sleep(50)
  }
  child.kill('SIGINT')
  const { stderr } = await ended
  const { stdout } = await nexus.call('events', '--json')
  const all = stdout.split('\n').slice(0, -1).map((line) => (JSON.parse(line) as Event).seq)
  const followed = seen().map(({ seq }) => seq)
  expect(followed).toEqual(all.slice(0, followed.length))
  expect(followed.length).toBeGreaterThan(8)
  expect(stderr.match(/the daemon is away/g)).toHaveLength(2)
})
