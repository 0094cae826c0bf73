/** The story that the product is for: run where it can do no harm, look, decide, take it back. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Nexus } from './nexus.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
let before: Snapshot

beforeEach(() => {
  nexus = new Nexus()
  mkdirSync(join(nexus.project, 'docs/deep'), { recursive: true })
  mkdirSync(join(nexus.project, 'empty'))
  writeFileSync(join(nexus.project, 'docs/a.md'), 'one\n')
  writeFileSync(join(nexus.project, 'docs/deep/b.md'), 'two\n')
  writeFileSync(join(nexus.project, 'main.c'), 'int main(void) { return 0; }\n')
  symlinkSync('docs/a.md', join(nexus.project, 'readme'))
  before = look()
})
afterEach(() => nexus[Symbol.asyncDispose]())

/** Everything that the user has: the project and the home, without the state of Nexus. */
function look(): Snapshot {
  return snapshot(nexus.base, { skip: (path) => path === 'state' || path.startsWith('state/') })
}

/** How the host differs from the beginning. The base folder itself got a `state` beside the project. */
function changed(): string[] {
  return differences(before, look(), { ignore: (path) => (path === '.' ? ['mtimeNs', 'links'] : []) })
}

const DESTRUCTIVE = [
  'rm -rf docs && date > hello.txt', 'rm -rf ./* ./.git', 'find . -type f -exec sh -c "echo gone > {}" \\;', 'chmod -R 000 . ; true', 'rm -rf "$HOME"/* ; echo x > "$HOME/.profile"',
  'mv docs elsewhere', 'ln -sf /etc/passwd main.c', 'truncate -s 0 main.c', 'touch -d @0 docs/a.md main.c', 'echo x > "$(pwd)/../beside" ; true',
  'mkdir -p "$HOME/.ssh" && echo key > "$HOME/.ssh/authorized_keys"', 'echo 1 > /tmp/nexus-e2e-litter; true', 'mkfifo pipe; ln main.c hard', 'chown 12345 main.c; true', 'kill -9 -1',
]

describe(proves('nothing on the host changes before an apply', 'RUN-1'), () => {
  // What follows would be real on a sandbox that does not hold: two harmless lines say first whether it does.
  beforeEach(async () => {
    const canary = await nexus.run('--discard', `touch canary; kill -0 ${process.pid} 2>/dev/null && echo sees the host`)
    if (existsSync(join(nexus.project, 'canary')) || canary.stdout !== '') throw new Error('the sandbox does not hold: no destructive line is tried')
  })

  test.each(DESTRUCTIVE)('%s', async (line) => {
    const run = await nexus.run('--keep', line)
    expect(run.id).toMatch(/^r[a-z2-7]{12}$/)
    expect(['kept', 'unchanged', 'failed']).toContain(run.status)
    expect(changed()).toEqual([])
    expect(existsSync('/tmp/nexus-e2e-litter')).toBe(false)
  })

  test('nor when the daemon, the run and the discard come and go', async () => {
    const run = await nexus.run('--keep', 'rm -rf docs; echo 1 > new')
    await nexus.call('diff', run.id)
    await nexus.call('daemon', 'restart')
    await nexus.call('show', run.id)
    await nexus.call('discard', run.id)
    await nexus.call('gc')
    expect(changed()).toEqual([])
  })
})

test(proves('the two-minute tour: run, look, apply, take back', 'RUN-1', 'RUN-2', 'RUN-4', 'RUN-5'), async () => {
  const ran = await nexus.call('run', 'rm -rf docs && echo hello > hello.txt')
  expect(ran.code).toBe(0)
  for (const word of ['hello.txt', 'docs/a.md', 'next:', 'nexus apply r']) expect(ran.stderr).toContain(word)
  expect(changed()).toEqual([])

  const diff = await nexus.call('diff', 'last')
  expect(diff.stdout).toContain('+hello')
  expect(diff.stdout).toContain('-one')

  expect((await nexus.call('apply', 'last')).code).toBe(0)
  expect(readFileSync(join(nexus.project, 'hello.txt'), 'utf8')).toBe('hello\n')
  expect(existsSync(join(nexus.project, 'docs'))).toBe(false)

  expect((await nexus.call('rollback', 'last')).code).toBe(0)
  expect(changed()).toEqual([])
})

test(proves('apply some, then the rest; each path once', 'RUN-4'), async () => {
  const run = await nexus.run('--keep', 'echo 1 > a; echo 2 > b; mkdir sub; echo 3 > sub/c; rm docs/a.md')
  expect((await nexus.json('apply', run.id, 'a', 'sub')).code).toBe(0)
  expect(['a', 'b', 'sub/c', 'docs/a.md'].map((path) => existsSync(join(nexus.project, path)))).toEqual([true, false, true, true])
  const rest = await nexus.json<{ applied: string[]; run: { status: string } }>('apply', run.id)
  expect([...rest.applied].sort()).toEqual(['b', 'docs/a.md'])
  const again = await nexus.json<{ applied: string[] }>('apply', run.id)
  expect({ code: again.code, applied: again.applied }).toEqual({ code: 0, applied: [] })
  expect((await nexus.json('rollback', run.id)).code).toBe(0)
  expect(changed()).toEqual([])
})

test.each(['overlay', 'copy'] as const)(proves('an edit in place leaves the times of its folders as they were, to the nanosecond: %s', 'RUN-4'), async (backend) => {
  await nexus.run('--apply', '--backend', backend, 'echo 1 >>main.c; echo 2 >>docs/a.md')
  const [then, now] = [before, look()].map((seen) => ['project', 'project/docs', 'project/main.c'].map((path) => seen.get(path)?.mtimeNs))
  expect(now?.slice(0, 2)).toEqual(then?.slice(0, 2))
  expect(now?.[2]).not.toBe(then?.[2])
})

test(proves('the record says what happened: output byte for byte, signal, usage, what was left outside', 'RUN-2'), async () => {
  const run = await nexus.run('--keep', 'printf "out\\377"; printf err >&2; echo t > /tmp/left; mkdir -p ~/.cache; echo h > ~/.cache/x; kill -TERM $$')
  expect({ exitCode: run.exitCode, signal: run.signal, stdout: run.stdout, stderr: run.stderr }).toEqual({ exitCode: null, signal: 'SIGTERM', stdout: { base64: Buffer.from([0x6f, 0x75, 0x74, 0xff]).toString('base64') }, stderr: 'err' })
  expect(run.usage).toEqual({ userMs: expect.any(Number), systemMs: expect.any(Number), maxRssBytes: expect.any(Number) })
  expect(run.usage?.maxRssBytes).toBeGreaterThan(500_000)
  expect(run.durationMs).toBeGreaterThan(0)
  expect(run.outside.map(({ path }) => path).sort()).toEqual(['/tmp/left', join(nexus.userHome, '.cache/x')].sort())
})

test(proves('output is live: it arrives while the command still runs', 'RUN-2'), async () => {
  const { child, ended } = nexus.start(['run', 'echo first; sleep 30'])
  const first = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())))
  expect(first).toBe('first\n')
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

test(proves('standard input reaches the command, megabytes of it, and its end too', 'RUN-2'), async () => {
  const input = Buffer.alloc(5_000_000, 'nexus ')
  const { stdout, code } = await nexus.start(['run', 'sha256sum; echo done'], { input }).ended
  const { createHash } = await import('node:crypto')
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${createHash('sha256').update(input).digest('hex')}  -\ndone\n` })
})

test(proves('a changed host is a conflict that names the path; the others can still be applied', 'RUN-4'), async () => {
  const run = await nexus.run('--keep', 'echo run > main.c; echo new > new.c; rm docs/a.md')
  writeFileSync(join(nexus.project, 'main.c'), 'by hand\n')
  const refused = await nexus.json<{ conflicts: { path: string; reason: string }[]; applied: string[] }>('apply', run.id)
  expect({ code: refused.code, applied: refused.applied, conflicts: refused.conflicts.map(({ path, reason }) => ({ path, reason })) }).toEqual({ code: 3, applied: [], conflicts: [{ path: 'main.c', reason: 'changed' }] })
  expect(readFileSync(join(nexus.project, 'main.c'), 'utf8')).toBe('by hand\n')
  expect(existsSync(join(nexus.project, 'new.c'))).toBe(false)
  expect((await nexus.json('apply', run.id, 'new.c', 'docs/a.md')).code).toBe(0)
  expect(readFileSync(join(nexus.project, 'main.c'), 'utf8')).toBe('by hand\n')
})

test(proves('the approval names the digest', 'RUN-4'), async () => {
  const run = await nexus.run('--keep', 'echo 1 > a')
  const wrong = await nexus.json<{ error: { code: string } }>('apply', run.id, '--digest', '0'.repeat(64))
  expect({ code: wrong.code, error: wrong.error.code }).toEqual({ code: 3, error: 'digest-mismatch' })
  expect(changed()).toEqual([])
  expect((await nexus.json('apply', run.id, '--digest', run.digest ?? '')).code).toBe(0)
})

test(proves('paths that run by themselves are flagged, and --apply alone never applies them', 'RUN-4'), async () => {
  const run = await nexus.run('--apply', 'mkdir -p .git/hooks .github/workflows .vscode; echo 1 > .git/hooks/pre-commit; echo 1 > .envrc; echo 1 > .github/workflows/ci.yml; echo 1 > .vscode/tasks.json; echo 1 > plain')
  expect(run.status).toBe('kept')
  expect(run.changes.filter(({ flags }) => flags.includes('auto-exec')).map(({ path }) => path).sort()).toEqual(['.envrc', '.git/hooks/pre-commit', '.github/workflows/ci.yml', '.vscode/tasks.json'])
  expect(changed()).toEqual([])
})

test(proves('a repository moves as one, but a hook comes along only when it is named', 'RUN-4'), async () => {
  const run = await nexus.run('--keep', 'mkdir -p .git/hooks; echo 1 > .git/hooks/post-merge; echo 1 > .git/HEAD; echo 1 > plain')
  const refused = await nexus.json<{ error: { code: string; message: string } }>('apply', run.id, '.git/HEAD', 'plain')
  expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 4, error: 'flagged-companions' })
  expect(refused.error.message).toContain('.git/hooks/post-merge')
  expect(changed()).toEqual([])
  expect(await nexus.json<{ applied: string[] }>('apply', run.id, '.git/HEAD', '.git/hooks')).toMatchObject({ code: 0, applied: ['.git/HEAD', '.git/hooks', '.git/hooks/post-merge'] })
})

test('what the command started ends with it', async () => {
  const run = await nexus.run('--keep', 'setsid nohup sh -c "while :; do echo x >> tick; sleep 0.05; done" >/dev/null 2>&1 & sleep 0.3; echo over')
  expect(run.stdout).toBe('over\n')
  const size = (await nexus.json<{ run: { changes: { path: string; after?: { size: number } }[] } }>('show', run.id)).run.changes.find(({ path }) => path === 'tick')?.after?.size
  await new Promise((resolve) => setTimeout(resolve, 300))
  const diff = await nexus.json<{ changes: { path: string; after?: { size: number } }[] }>('diff', run.id)
  expect(diff.changes.find(({ path }) => path === 'tick')?.after?.size).toBe(size)
})

test('a child that holds the pipes does not hold the result back', async () => {
  const beganAt = performance.now()
  const run = await nexus.run('--keep', 'sleep 60 & echo over')
  expect(run.stdout).toBe('over\n')
  expect(performance.now() - beganAt).toBeLessThan(10_000)
})
