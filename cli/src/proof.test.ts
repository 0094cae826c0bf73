import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { proofOf } from './proof.ts'

let project: string
beforeEach(() => { project = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-proof-'))) })
afterEach(() => {
  chmodSync(project, 0o700)
  rmSync(project, { recursive: true, force: true })
})

async function listed(): Promise<{ lines: string[]; digest: string; unread: number }> {
  const lines: string[] = []
  const { digest, unread } = await proofOf(project, { state: '/none', config: '/none', runtime: '/none' }, (line) => lines.push(line.toString().trimEnd()))
  return { lines, digest, unread }
}

test('what lies deeper than a path may be long is read as well', async () => {
  const name = 'n'.repeat(200)
  let folder = project
  const held: number[] = []
  for (let depth = 0; depth < 45; depth += 1) {
    mkdirSync(join(folder, name))
    held.push(openSync(join(folder, name), 'r'))
    folder = `/proc/self/fd/${held.at(-1)}`
  }
  writeFileSync(join(folder, 'end'), 'one')
  mkdirSync(join(project, 'z'))
  const first = await listed()
  expect({ entries: first.lines.length, unread: first.unread, last: first.lines.at(-1)?.endsWith(' z') }).toEqual({ entries: 48, unread: 0, last: true })
  writeFileSync(join(folder, 'end'), 'two')
  expect((await listed()).digest).not.toBe(first.digest)
  for (const descriptor of held) closeSync(descriptor)
})

test('no name can be read as another name with a target', async () => {
  const lineOf = async (name: string, target: string) => {
    symlinkSync(target, join(project, name))
    const { lines } = await listed()
    rmSync(join(project, name))
    return lines.at(-1)?.split(' - - - ')[1]
  }
  expect([await lineOf('a', 'b -> c'), await lineOf('a -> b', 'c')]).toEqual(['a -> b -\\> c', 'a -\\> b -> c'])
})

test('a folder that lists its names and lets nobody look at them is said, and does not end the rest', async ({ skip }) => {
  if (process.geteuid?.() === 0) skip('needs a user: root looks everywhere')
  mkdirSync(join(project, 'shut'))
  writeFileSync(join(project, 'shut/in'), '')
  writeFileSync(join(project, 'z'), '')
  chmodSync(join(project, 'shut'), 0o444)
  const { lines, unread } = await listed()
  chmodSync(join(project, 'shut'), 0o700)
  expect({ shut: lines.at(-2), last: lines.at(-1)?.endsWith(' z'), unread }).toEqual({ shut: '? shut/in', last: true, unread: 1 })
})
