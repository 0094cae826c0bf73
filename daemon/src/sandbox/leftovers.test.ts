/** A daemon that comes back finds what the last one left running, and ends it. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, processesWith } from './contract/ground.ts'
import { endLeftovers } from './leftovers.ts'

let folder: string
let layers: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync('/var/tmp/nexus leftovers-'))
  layers = join(folder, 'layers')
  mkdirSync(join(layers, 'rone/home'), { recursive: true })
  mkdirSync(join(folder, 'other'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Sleeps with `source` mounted somewhere, as whoever runs the tests. */
async function sleeper(source: string): Promise<string> {
  const word = `${5000 + (process.pid % 1000)}.${process.hrtime.bigint().toString().slice(-7)}`
  const own = process.geteuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps']
  spawn('unshare', [...own, '--mount', 'sh', '-c', 'mount --bind "$1" "$2" && exec sleep "$3"', 'sh', source, join(folder, 'other'), word], { stdio: 'ignore', detached: true }).unref()
  expect(await eventually(() => processesWith(`sleep\0${word}`).length === 1, 10_000)).toBe(true)
  return word
}

test('a process with a layer mounted is ended, another one is not', async ({ skip }) => {
  if (spawnSync('unshare', [...(process.geteuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps']), '--mount', 'true']).status !== 0) skip('needs user namespaces')
  const stale = await sleeper(join(layers, 'rone/home'))
  const ours = await sleeper(folder)
  try {
    expect(await endLeftovers(layers)).toEqual([])
    expect([processesWith(stale).length, processesWith(ours).length]).toEqual([0, 1])
  } finally {
    for (const pid of [...processesWith(stale), ...processesWith(ours)]) process.kill(pid, 'SIGKILL')
  }
})

test('nothing to end, nothing there', async () => {
  expect(await endLeftovers(layers)).toEqual([])
  expect(await endLeftovers(join(folder, 'never-made'))).toEqual([])
})
