import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { normalise } from './normalise.ts'
import { proves } from './requirements.ts'
import { ANSWERS, publishedSchemas, schemasOnDisk } from './schemas.ts'

/** NEXUS_GOLDEN=write makes the golden files anew; read the difference before you commit it. */
const isWriting = process.env.NEXUS_GOLDEN === 'write'
const nexus = new Nexus()
const ids = { first: '', second: '', ground: '', third: '' }

beforeAll(() => {
  mkdirSync(join(nexus.project, 'src'))
  writeFileSync(join(nexus.project, 'src/old.txt'), 'a\nb\nc\n')
  writeFileSync(join(nexus.project, 'src/moved.txt'), 'this file moves without a change\n')
  writeFileSync(join(nexus.project, 'src/gone.txt'), 'gone\n')
  writeFileSync(join(nexus.project, 'src/mode.sh'), '#!/bin/sh\n', { mode: 0o644 })
  mkdirSync(join(nexus.base, 'makes'))
  writeFileSync(join(nexus.base, 'makes/Makefile'), "build:\n\t@echo built\ntest:\n\t@printf 'TAP version 13\\nnot ok 1 - adds\\n# pass 1\\n# fail 1\\n'; exit 1\n")
  symlinkSync('old.txt', join(nexus.project, 'src/link'))
})
afterAll(() => nexus[Symbol.asyncDispose]())

test('the published schemas are those of the code (node e2e/schemas.ts writes them)', () => {
  expect(schemasOnDisk()).toEqual(publishedSchemas())
})

const EVERY_KIND = [
  'printf "a\\nB\\nc\\n" > src/old.txt', 'mv src/moved.txt src/new-name.txt', 'rm src/gone.txt', 'chmod 755 src/mode.sh', 'rm src/link && mkdir src/link',
  'printf "new\\n" > src/added.txt', 'echo "export A=1" > .envrc', 'printf "left" > /tmp/left', 'echo out', 'echo err >&2',
].join('; ')

// In this order: each answer is that of the state which the one before has left.
test.each<[golden: string, code: number, words: () => string[], shape: keyof typeof ANSWERS]>([
  ['status-without-a-daemon', 0, () => ['status'], 'status'],
  ['daemon-start', 0, () => ['daemon', 'start'], 'daemon'],
  ['run', 0, () => ['run', '--keep', EVERY_KIND], 'run'],
  ['run-argv', 7, () => ['run', '--', 'sh', '-c', 'exit 7'], 'run'],
  ['run-signal', 137, () => ['run', 'kill -KILL $$'], 'run'],
  ['run-timed-out', 124, () => ['run', '--timeout', '200ms', 'sleep 20'], 'run'],
  ['run-check-failed', 5, () => ['run', '--apply', '--check', 'echo no; false', 'echo 1 > check.txt'], 'run'],
  ['run-not-utf8', 0, () => ['run', "printf '\\377' > \"$(printf 'name-\\377')\"; printf '\\376'"], 'run'],
  ['run-applied', 0, () => ['run', '--apply', 'echo 1 > applied.txt'], 'run'],
  ['run-discarded', 0, () => ['run', '--discard', 'echo 1 > nothing.txt'], 'run'],
  ['run-unchanged', 0, () => ['run', 'true'], 'run'],
  ['run-not-found', 127, () => ['run', '--', 'no-such-command'], 'run'],
  ['show', 0, () => ['show', ids.first], 'run'],
  ['runs', 0, () => ['runs', '--limit', '2'], 'runs'],
  ['diff', 0, () => ['diff', ids.first], 'diff'],
  ['diff-one-path', 0, () => ['diff', ids.first, 'src/old.txt'], 'diff'],
  ['apply-some', 0, () => ['apply', ids.first, 'src/old.txt', 'src/added.txt'], 'applied'],
  ['apply-rest', 0, () => ['apply', ids.first], 'applied'],
  ['rollback', 0, () => ['rollback', ids.first], 'applied'],
  ['rollback-refused', 126, () => ['rollback', ids.first], 'error'],
  ['conflict-run', 0, () => ['run', '--keep', 'echo run > src/old.txt'], 'run'],
  ['conflict', 3, () => ['apply', ids.second], 'applied'],
  ['conflicts', 3, () => ['conflicts', ids.second], 'conflicts'],
  ['conflicts-one-path', 3, () => ['conflicts', ids.second, 'src/old.txt'], 'conflicts'],
  ['merge-left', 3, () => ['apply', ids.second, '--merge'], 'merged'],
  ['merge-shown', 4, () => ['apply', ids.second, '--take', 'src/old.txt'], 'merged'],
  ['rerun', 0, () => ['rerun', ids.second], 'run'],
  ['stale', 0, () => ['show', ids.second], 'run'],
  ['discard', 0, () => ['discard', ids.second], 'run'],
  ['status', 0, () => ['status'], 'status'],
  ['doctor', 0, () => ['doctor'], 'doctor'],
  ['verify', 5, () => ['verify', '--project', join(nexus.base, 'makes')], 'verification'],
  ['nothing-to-verify', 127, () => ['verify'], 'error'],
  ['explain', 0, () => ['explain', 'git push -f origin main && rm -rf "$X/"'], 'explanation'],
  ['secret-list', 0, () => ['secret', 'list'], 'secrets'],
  ['no-secret', 2, () => ['run', '--secret', 'NOT_SET_ANYWHERE', 'true'], 'error'],
  ['ports', 0, () => ['ports'], 'ports'],
  ['proof', 0, () => ['proof'], 'proof'],
  ['kill', 0, () => ['kill'], 'kill'],
  ['killed', 126, () => ['run', 'true'], 'error'],
  ['kill-release', 0, () => ['kill', '--release'], 'kill'],
  ['gc-dry-run', 0, () => ['gc', '--dry-run'], 'gc'],
  ['gc', 0, () => ['gc'], 'gc'],
  ['stack-ground', 0, () => ['run', '--keep', 'echo 1 > ground.txt'], 'run'],
  ['run-on', 0, () => ['run', '--keep', '--on', 'last', 'echo 2 > ground.txt'], 'run'],
  ['layers', 0, () => ['layers', ids.third], 'layers'],
  ['needs-parents', 126, () => ['apply', ids.third], 'error'],
  ['apply-with-parents', 0, () => ['apply', ids.third, '--with-parents'], 'applied'],
  ['rollback-together', 0, () => ['rollback', ids.third], 'applied'],
  ['diff-against-host', 0, () => ['diff', ids.third, '--against', 'host'], 'diff'],
  ['discard-cascade', 0, () => ['discard', ids.ground, '--cascade'], 'run'],
  ['unknown-run', 127, () => ['show', 'rzzzzzzzzzzzz'], 'error'],
  ['no-transcript', 127, () => ['transcript', ids.first], 'error'],
  ['short-run', 2, () => ['show', 'rz'], 'error'],
  ['usage', 2, () => ['show'], 'error'],
  ['later', 125, () => ['run', '--backend', 'docker', 'true'], 'error'],
  ['dashboard-without-a-port', 125, () => ['dashboard'], 'error'],
  ['daemon-stop', 0, () => ['daemon', 'stop'], 'daemon'],
])(proves('%s --json, exit %i', 'CHAT-2'), async (golden, code, words, shape) => {
  if (golden === 'conflict') writeFileSync(join(nexus.project, 'src/old.txt'), 'the host moved on\n')
  const [command = '', ...rest] = words()
  const ended = await nexus.call(command, '--json', ...rest)
  const answer: unknown = JSON.parse(ended.stdout)
  expect(ended).toEqual({ code, signal: null, stdout: `${JSON.stringify(answer)}\n`, stderr: '' })
  const parsed = ANSWERS[shape].parse(answer)
  if (golden === 'run' && 'run' in parsed) ids.first = parsed.run.id
  if (golden === 'conflict-run' && 'run' in parsed) ids.second = parsed.run.id
  if (golden === 'stack-ground' && 'run' in parsed) ids.ground = parsed.run.id
  if (golden === 'run-on' && 'run' in parsed) ids.third = parsed.run.id
  compare(golden, answer)
})

test(proves('a digest is the sha256 of the canonical change list, and anybody can compute it', 'RUN-3'), async () => {
  const run = await nexus.run('--keep', EVERY_KIND)
  expect(run.changes.map(({ kind }) => kind).sort()).toEqual(['added', 'added', 'deleted', 'meta', 'modified', 'renamed', 'type'])
  expect(run.digest).toBe(digestOf(run))
})

test('events --json: one event per line, numbered without a gap, each with a shape', async () => {
  const { stdout } = await nexus.call('events', '--json')
  const events = stdout.trimEnd().split('\n').map((line) => ANSWERS.event.parse(JSON.parse(line)))
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1))
  compare('event-types', [...new Set(events.map(({ type }) => type))].sort())
})

test('the log is a chain that anybody can verify from the outside', async () => {
  const { stdout } = await nexus.call('events', '--json')
  const events = stdout.trimEnd().split('\n').map((line) => ANSWERS.event.parse(JSON.parse(line)))
  let before = Buffer.alloc(32)
  for (const { seq, at, type, actor, subject, payloadHash, hash } of events) {
    before = createHash('sha256').update(Buffer.from([0])).update(before).update(canonical({ seq, at, type, actor, subject, payloadHash })).digest()
    expect(hash, `event ${seq}`).toBe(before.toString('hex'))
  }
})

function compare(name: string, answer: unknown): void {
  const file = join(import.meta.dirname, 'golden', `${name}.json`)
  const found = normalise(answer as Parameters<typeof normalise>[0], { base: nexus.base, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })
  if (isWriting) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`)
  expect(existsSync(file), `${file} is missing: NEXUS_GOLDEN=write makes it`).toBe(true)
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')))
}

/** Written here a second time on purpose: the format is a promise, not an implementation. */
function digestOf(run: Run): string {
  const list = run.changes.map(({ path, kind, from, before, after }) => ({ path, kind, ...(from === undefined ? {} : { from }), ...(before ? { before } : {}), ...(after ? { after } : {}) }))
  list.sort((a, b) => Buffer.compare(bytes(a.path), bytes(b.path)))
  return createHash('sha256').update(canonical(list)).digest('hex')
}

function bytes(path: Run['changes'][number]['path']): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path.base64, 'base64')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
