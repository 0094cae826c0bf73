/** The host went on while a run was looked at: nothing is overwritten silently, and every way out is one command. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ApplyResult, ConflictReport, Merged, Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => {
  nexus = new Nexus()
  write('text', LINES)
  write('other', LINES)
})
afterEach(() => nexus[Symbol.asyncDispose]())

const LINES = Array.from({ length: 10 }, (_, at) => `line ${at + 1}\n`).join('')
const write = (path: string, text: string) => writeFileSync(join(nexus.project, path), text)
const read = (path: string) => readFileSync(join(nexus.project, path), 'utf8')
const replaced = (from: string, to: string, text = LINES) => text.replace(from, to)
const look = (): Snapshot => snapshot(nexus.project)
/** Without the compiled helper times are exact to the microsecond. */
const restored = (before: Snapshot) => differences(before, look(), { ignore: () => [] })

/** Written here a second time on purpose: the format is a promise. Here all paths are plain text and sorted already. */
function digestOf({ changes, resolved }: Merged): string {
  const list = changes.map(({ path, kind, from, before, after }) => Object.fromEntries(Object.entries({ path, kind, from, before, after }).filter(([, value]) => value !== undefined)))
  return createHash('sha256').update(canonical({ changes: list, resolved })).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}

describe(proves('a merge', 'RUN-4', 'RUN-5'), () => {
  test.each(['overlay', 'copy'])('is shown with a digest of its own, written by that digest, and taken back to the host as it was: %s', async (backend) => {
    const run = await nexus.run('--backend', backend, '--keep', "sed -i 's/line 9/run 9/' text other; echo new > new")
    write('text', replaced('line 2', 'host 2'))
    const host = look()
    expect((await nexus.json<ApplyResult>('apply', run.id)).code).toBe(3)

    const shown = await nexus.json<Merged>('apply', run.id, '--merge')
    expect({ code: shown.code, resolved: shown.resolved, conflicts: shown.conflicts, paths: shown.changes.map(({ path }) => path) }).toEqual({ code: 4, resolved: [{ path: 'text', choice: 'merge' }], conflicts: [], paths: ['new', 'other', 'text'] })
    expect(shown.digest).toBe(digestOf(shown))
    expect(shown.patch).toContain('-line 9\n+run 9\n')
    expect(differences(host, look())).toEqual([])

    const applied = await nexus.json<ApplyResult>('apply', run.id, '--digest', shown.digest ?? '')
    expect({ code: applied.code, applied: applied.applied, status: applied.run.status }).toEqual({ code: 0, applied: ['new', 'other', 'text'], status: 'applied' })
    expect([read('text'), read('other')]).toEqual([replaced('line 9', 'run 9', replaced('line 2', 'host 2')), replaced('line 9', 'run 9')])
    expect((await nexus.json('rollback', run.id)).code).toBe(0)
    expect(restored(host)).toEqual([])
  })

  test('is void as soon as the host changes again, or another one takes its place', async () => {
    const run = await nexus.run('--keep', "sed -i 's/line 9/run 9/' text")
    write('text', replaced('line 2', 'host 2'))
    const first = await nexus.json<Merged>('apply', run.id, '--merge')
    write('text', replaced('line 4', 'host 4'))
    const host = look()
    expect((await nexus.json<ApplyResult>('apply', run.id, '--digest', first.digest ?? '')).conflicts.map(({ path, reason }) => [path, reason])).toEqual([['text', 'changed']])
    const second = await nexus.json<Merged>('apply', run.id, '--merge')
    const late = await nexus.json<{ error: { code: string } }>('apply', run.id, '--digest', first.digest ?? '')
    expect({ code: late.code, error: late.error.code }).toEqual({ code: 3, error: 'digest-mismatch' })
    expect(differences(host, look())).toEqual([])
    expect((await nexus.json('apply', run.id, '--digest', second.digest ?? '')).code).toBe(0)
    expect(read('text')).toBe(replaced('line 9', 'run 9', replaced('line 4', 'host 4')))
  })

  test('outlives the daemon: it is in the record', async () => {
    const run = await nexus.run('--keep', "sed -i 's/line 9/run 9/' text")
    write('text', replaced('line 2', 'host 2'))
    const { digest } = await nexus.json<Merged>('apply', run.id, '--merge')
    await nexus.call('daemon', 'restart')
    expect((await nexus.json('apply', run.id, '--digest', digest ?? '')).code).toBe(0)
    expect(read('text')).toBe(replaced('line 9', 'run 9', replaced('line 2', 'host 2')))
  })

  test('without conflicts is an apply like any other', async () => {
    const run = await nexus.run('--keep', 'echo new > new')
    expect((await nexus.json<ApplyResult>('apply', run.id, '--merge')).applied).toEqual(['new'])
  })

  test('is applied whole: paths beside its digest are refused', async () => {
    const run = await nexus.run('--keep', "sed -i 's/line 9/run 9/' text")
    write('text', replaced('line 2', 'host 2'))
    const { digest } = await nexus.json<Merged>('apply', run.id, '--merge')
    const refused = await nexus.json<{ error: { code: string } }>('apply', run.id, 'text', '--digest', digest ?? '')
    expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 2, error: 'bad-request' })
  })
})

test(proves('a file edited on the host during the run is never overwritten but by name, and then it comes back', 'RUN-4', 'RUN-5'), async () => {
  const going = nexus.start(['run', '--apply', '--json', "sed -i 's/line 9/run 9/' text; touch /tmp/ready; sleep 2"]).ended
  for (let tries = 0; tries < 200 && !(await running()); tries += 1) await sleep(25)
  await sleep(300)
  write('text', replaced('line 2', 'host 2'))
  const host = look()
  const ended = await going
  const { run } = JSON.parse(ended.stdout) as { run: Run }
  expect({ code: ended.code, status: run.status, flags: run.changes.map(({ flags }) => flags) }).toEqual({ code: 3, status: 'kept', flags: [['base-moved']] })
  for (const words of [[], ['text'], ['--merge'], ['--skip-rest', '--merge']]) await nexus.json('apply', run.id, ...words)
  expect(differences(host, look())).toEqual([])
  const { conflicts } = await nexus.json<ConflictReport>('conflicts', run.id, '--patch')
  expect(conflicts).toMatchObject([{ path: 'text', reason: 'base-moved', merge: 'none', choices: ['take', 'keep', 'skip'] }])
  expect(conflicts[0]?.patches?.taken).toContain('-host 2\n+line 2\n')
  const { digest } = await nexus.json<Merged>('apply', run.id, '--take', 'text')
  // Nothing but that digest says yes to it.
  for (const words of [[], ['text'], ['--digest', run.digest ?? '']]) expect((await nexus.json('apply', run.id, ...words)).code).toBe(3)
  expect(differences(host, look())).toEqual([])
  expect(await nexus.json('apply', run.id, '--digest', digest ?? '')).toMatchObject({ code: 0, conflicts: [] })
  expect(read('text')).toBe(replaced('line 9', 'run 9'))
  expect((await nexus.json('rollback', run.id)).code).toBe(0)
  expect(restored(host)).toEqual([])
})

async function running(): Promise<boolean> {
  const { runs } = await nexus.json<{ runs?: Run[] }>('runs')
  return runs?.[0]?.status === 'running'
}

test(proves("what was kept as the host's is decided; naming it opens it again", 'RUN-4'), async () => {
  const run = await nexus.run('--keep', "sed -i 's/line 5/run 5/' text other; echo new > new")
  write('text', replaced('line 5', 'host 5'))
  write('other', replaced('line 5', 'host 5'))
  const left = await nexus.json<Merged>('apply', run.id, '--merge', '--keep', 'text')
  expect({ code: left.code, digest: left.digest, left: left.conflicts.map(({ path }) => path) }).toEqual({ code: 3, digest: null, left: ['other'] })
  const { digest, resolved } = await nexus.json<Merged>('apply', run.id, '--keep', 'text', '--skip', 'other')
  expect(resolved).toEqual([{ path: 'other', choice: 'skip' }, { path: 'text', choice: 'keep' }])
  expect((await nexus.json<ApplyResult>('apply', run.id, '--digest', digest ?? '')).applied).toEqual(['new'])
  expect((await nexus.json<{ run: Run }>('show', run.id)).run).toMatchObject({ status: 'applied', appliedPaths: ['new'], keptPaths: ['text'], next: `nexus apply ${run.id}` })
  expect((await nexus.json<ApplyResult>('apply', run.id)).conflicts.map(({ path }) => path)).toEqual(['other'])
  expect((await nexus.json<ApplyResult>('apply', run.id, 'text')).conflicts.map(({ path }) => path)).toEqual(['text'])
  expect([read('text'), read('other')]).toEqual([replaced('line 5', 'host 5'), replaced('line 5', 'host 5')])
  const taken = await nexus.json<Merged>('apply', run.id, 'text', '--take', 'text')
  expect((await nexus.json<ApplyResult>('apply', run.id, '--digest', taken.digest ?? '')).applied).toEqual(['text'])
  expect(read('text')).toBe(replaced('line 5', 'run 5'))
  expect((await nexus.json('rollback', run.id)).code).toBe(0)
  expect([read('text'), existsSync(join(nexus.project, 'new'))]).toEqual([replaced('line 5', 'host 5'), false])
})

describe(proves('the same command on the new base', 'RUN-4'), () => {
  test('is a run of its own, linked to the one before, which is stale then', async () => {
    const run = await nexus.run('--check', 'grep -q run text', '--timeout', '1m', "sed -i 's/line 9/run 9/' text; echo $LANG")
    write('text', replaced('line 9', 'host 9'))
    const again = (await nexus.json<{ run: Run }>('rerun', run.id)).run
    expect(again).toMatchObject({ rerunOf: run.id, command: run.command, cwd: run.cwd, project: run.project, status: 'kept', check: { command: 'grep -q run text' } })
    write('text', LINES)
    const third = (await nexus.json<{ run: Run }>('rerun', run.id, '--apply')).run
    expect({ status: third.status, rerunOf: third.rerunOf, text: read('text') }).toEqual({ status: 'applied', rerunOf: run.id, text: replaced('line 9', 'run 9') })
    const old = (await nexus.json<{ run: Run }>('show', run.id)).run
    expect({ status: old.status, next: old.next }).toEqual({ status: 'stale', next: `nexus show ${again.id}` })
    const refused = await nexus.json<{ error: { code: string } }>('apply', run.id)
    expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 126, error: 'wrong-status' })
    expect((await nexus.json('discard', run.id)).code).toBe(0)
  })

  test('leaves the old run as it was when it fails', async () => {
    const run = await nexus.run('--keep', 'test -e guard || exit 0; echo x > x; exit 4')
    const kept = await nexus.run('--keep', 'echo y > y; test ! -e guard')
    write('guard', '')
    for (const { id } of [run, kept]) await nexus.json('rerun', id)
    expect((await nexus.json<{ run: Run }>('show', kept.id)).run.status).toBe('kept')
    expect((await nexus.json<ApplyResult>('apply', kept.id)).applied).toEqual(['y'])
  })

  test("takes the caller's environment, and what comes in by its standard input", async () => {
    const run = await nexus.run('--keep', 'echo "$LANG"; cat')
    const { stdout } = await nexus.start(['rerun', run.id, '--keep'], { input: 'typed later\n' }).ended
    expect([run.stdout, stdout]).toEqual(['C.UTF-8\n', 'C.UTF-8\ntyped later\n'])
  })

  test('is refused while it runs, and for a run that is not there', async () => {
    const going = nexus.start(['run', '--keep', 'sleep 5'])
    for (let tries = 0; tries < 200 && !(await running()); tries += 1) await sleep(25)
    expect((await nexus.json<{ error: { code: string } }>('rerun', 'last')).error.code).toBe('wrong-status')
    going.child.kill('SIGINT')
    await going.ended
    expect((await nexus.json<{ error: { code: string } }>('rerun', 'rzzzzzzzzzzzz')).error.code).toBe('no-run')
  })
})

test(proves('two runs that add to one directory are both applied, each without a conflict', 'RUN-4'), async () => {
  mkdirSync(join(nexus.project, 'src'))
  const [one, two] = [await nexus.run('--keep', 'mkdir -p src/deep; echo 1 > src/one; echo 1 > src/deep/one'), await nexus.run('--keep', 'mkdir -p src/deep; echo 2 > src/two; echo 2 > src/deep/two')]
  for (const { id } of [one, two]) expect((await nexus.json<ApplyResult>('apply', id)).conflicts).toEqual([])
  expect(['src/one', 'src/two', 'src/deep/one', 'src/deep/two'].map(read)).toEqual(['1\n', '2\n', '1\n', '2\n'])
})

test('conflicts: nothing to say is 0, something is 3, and it is readable without a terminal', async () => {
  const run = await nexus.run('--keep', "sed -i 's/line 5/run 5/' text; rm other; ln -s nowhere link")
  expect(await nexus.call('conflicts', run.id)).toMatchObject({ code: 0, stdout: 'no conflicts: the host is what the run saw\n', stderr: '' })
  write('text', replaced('line 5', 'host 5'))
  write('other', 'mine\n')
  write('link', 'mine\n')
  const { code, stdout } = await nexus.call('conflicts', run.id)
  expect({ code, lines: stdout.split('\n').map((line) => line.replace(/ [0-9a-f]{8}$/, '')) }).toEqual({ code: 3, lines: [
    '✗ link: something is there that the run did not see', '    the run saw       nothing', '    the host has      file 0644 5 B', '    would be written  link to nowhere', '    no merge: both made it: there is nothing that both began with',
    '✗ other: the host has something else by now', '    the run saw       file 0644 71 B', '    the host has      file 0644 5 B', '    would be written  nothing', '    no merge: the run deleted it',
    '✗ text: the host has something else by now', '    the run saw       file 0644 71 B', '    the host has      file 0644 71 B', '    would be written  file 0644 70 B', '    no clean merge: 1 place where both changed the same lines', '',
  ] })
  const one = await nexus.call('conflicts', run.id, 'text')
  for (const part of ['── what the host changed since the run saw it ──', '── what the run changed ──', '── the merge, from the host ──', '+<<<<<<< the host has', '+>>>>>>> the run wrote']) expect(one.stdout).toContain(part)
  expect((await nexus.call('conflicts', run.id, 'nothing')).code).toBe(127)
})

test('a large change set is kept for merging as well, a moment later', async () => {
  const files = Array.from({ length: 300 }, (_, at) => `f${at}`)
  for (const file of files) write(file, LINES)
  const run = await nexus.run('--keep', "sed -i 's/line 9/run 9/' f*")
  const isKept = async () => {
    write('f7', replaced('line 2', `host ${Date.now()}`))
    return (await nexus.json<ConflictReport>('conflicts', run.id, 'f7')).conflicts[0]?.merge
  }
  for (let tries = 0; tries < 40 && !existsSync(join(nexus.base, 'state/layers', run.id, 'before')); tries += 1) await sleep(50)
  expect(await isKept()).toBe('clean')
})
