import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Verification } from '@nexus/protocol/verify'
import { needs } from './needs.ts'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

const TESTS = `
const { test } = require('node:test')
test('fine', () => {})
test('wrong', () => { throw new Error('two is not three') })
test('later', { skip: true }, () => {})
`

function scripts(names: Record<string, string>): void {
  put('package.json', JSON.stringify({ scripts: names }))
}

function put(path: string, text: string): void {
  const file = join(nexus.project, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
}

async function verify(...words: string[]): Promise<Verification & { code: number | null }> {
  const { verification, code } = await nexus.json<{ verification: Verification }>('verify', ...words)
  return { ...verification, code }
}

function outcomes({ checks }: Verification): string[] {
  return checks.map(({ kind, folder, command, status }) => `${kind} ${command.join(' ')} @${folder}: ${status}`)
}

/** Folders of layers that are still there. */
function layers(): string[] {
  const folder = join(nexus.base, 'state/layers')
  return existsSync(folder) ? readdirSync(folder) : []
}

test(proves('verify builds, lints and tests in layers; what fails is told with its place, the host stays as it is', 'RUN-10', 'RUN-1'), async () => {
  scripts({ build: 'mkdir dist && cp sum.test.js dist', lint: 'true', test: 'node --test dist/sum.test.js' })
  put('sum.test.js', TESTS)
  const verification = await verify()
  expect(outcomes(verification)).toEqual(['build npm run build @.: passed', 'lint npm run lint @.: passed', 'test npm run test @.: failed'])
  expect([verification.code, verification.status]).toEqual([5, 'failed'])
  expect(verification.checks[2]).toMatchObject({
    exitCode: 1, summary: { runner: 'node:test', passed: 1, failed: 1, skipped: 1, partial: false, failures: [{ name: 'wrong', file: 'dist/sum.test.js', line: 4, message: 'two is not three' }] },
  })
  // What the build made was there for the tests, and is nowhere now.
  expect(readdirSync(nexus.project).toSorted()).toEqual(['.git', 'package.json', 'sum.test.js'])
  expect(layers()).toEqual([])
  const { runs } = await nexus.json<{ runs: Run[] }>('runs')
  expect(runs.map(({ status, verification: id }) => [status, id])).toEqual([0, 1, 2].map(() => ['discarded', verification.id]))
})

test(proves('for a person: a line per check, failures with file and line, where to look next', 'RUN-10'), async () => {
  scripts({ build: 'false', lint: 'echo all good', test: 'node --test' })
  put('a.test.js', TESTS)
  put('tools/Makefile', 'test:\n\t@true\n')
  const { stdout, stderr, code } = await nexus.call('verify')
  const plain = stdout.replace(/\d+(\.\d)? m?s/g, 'TIME').replace(/r[a-z2-7]{12}/g, 'RUN')
  expect(plain.split('\n')).toEqual([
    '✗ build npm run build  exit 1, TIME', '    next: nexus show RUN --output', '✓ lint  npm run lint  passed, TIME',
    '- test  npm run test  left out: its build failed', '✓ test  make test in tools  passed, TIME, by its exit code alone', 'failed: 2 of 4 checks passed, 1 left out, TIME', '',
  ])
  expect([stderr, code]).toEqual(['', 5])
  rmSync(join(nexus.project, 'tools'), { recursive: true })
  scripts({ test: 'node --test' })
  expect((await nexus.call('verify')).stdout).toContain('    ✗ wrong  a.test.js:4\n      two is not three\n')
  put('a.test.js', "require('node:test').test('fine', () => {})")
  const passed = await nexus.call('verify')
  expect([passed.code, passed.stdout.replace(/\d+(\.\d)? m?s/g, 'TIME')]).toEqual([0, '✓ test  npm run test  passed, TIME, 1 passed (node:test)\nverified: 1 of 1 check passed, TIME\n'])
})

test(proves('--on RUN verifies what the run left, as a throw-away child; the run stays what it was', 'RUN-10'), async () => {
  scripts({ test: 'node --test' })
  put('a.test.js', TESTS)
  const fixed = await nexus.run('--keep', `mkdir -p web && sed -i '/wrong/d' a.test.js && rm -f none && printf '%s' '{"scripts":{"test":"test -f built && echo ok","build":"touch built"}}' > web/package.json && mv package.json p && sed 's/node/node --no-warnings/' p > package.json && rm p`)
  const on = await verify('--on', 'last')
  expect([on.code, on.on]).toEqual([0, fixed.id])
  expect(on.checks[0]?.summary).toMatchObject({ passed: 1, failed: 0 })
  // The host still has the failing test.
  expect((await verify()).code).toBe(5)
  const after = await nexus.json<{ run: Run }>('show', 'last')
  expect([after.run.id, after.run.status, after.run.digest]).toEqual([fixed.id, 'kept', fixed.digest])
  expect(layers()).toEqual([fixed.id])
  expect((await nexus.call('apply', 'last')).code).toBe(0)
  expect((await verify()).code).toBe(0)
})

test('--on RUN finds what only that run made, in folders that the host does not have', async () => {
  const { id } = await nexus.run('--keep', `mkdir -p web/ui && printf '%s' '{"scripts":{"test":"test -f built","build":"touch built"}}' > web/ui/package.json`)
  expect(outcomes(await verify('--on', id))).toEqual(['build npm run build @web/ui: passed', 'test npm run test @web/ui: passed'])
  const gone = await nexus.run('--discard', 'echo 1 > a')
  expect(await nexus.json('verify', '--on', gone.id)).toMatchObject({ code: 126, error: { code: 'wrong-status' } })
})

test('--only, and what there is not', async () => {
  scripts({ build: 'true', test: 'false', lint: 'true' })
  expect(outcomes(await verify('--only', 'lint,build'))).toEqual(['build npm run build @.: passed', 'lint npm run lint @.: passed'])
  expect(await nexus.json('verify', '--only', 'tests')).toMatchObject({ code: 2, error: { code: 'usage' } })
  scripts({ start: 'node .' })
  const nothing = await nexus.call('verify')
  expect(nothing.code).toBe(127)
  expect(nothing.stderr).toContain('nothing that builds, tests or lints is recognised')
  for (const word of ['package.json', 'Cargo.toml', 'go.mod', 'pom.xml', 'Makefile', 'pytest', 'nexus run -- CMD']) expect(nothing.stderr).toContain(word)
})

test('a command that is not there, one that takes too long, one that a signal ends: failed, and the rest is still run', async (context) => {
  needs(context.skip, 'make')
  put('Makefile', 'build:\n\tsleep 100\nlint:\n\tkill -9 $$PPID\ntest:\n\t@echo fine\n')
  put('mix.exs', '')
  const verification = await verify('--timeout', '1s')
  expect(verification.checks.map(({ command, status, exitCode, signal, endReason, summary }) => [command.join(' '), status, exitCode, signal, endReason, summary])).toEqual([
    ['mix compile', 'failed', 127, null, undefined, null], ['make lint', 'failed', null, 'SIGKILL', undefined, null], ['mix test', 'left-out', null, null, undefined, null],
  ])
  rmSync(join(nexus.project, 'mix.exs'))
  const slow = await verify('--timeout', '1s')
  expect(slow.checks.map(({ status, endReason }) => [status, endReason])).toEqual([['failed', 'timed-out'], ['failed', undefined], ['left-out', undefined]])
  expect(layers()).toEqual([])
})

test('Ctrl-C ends what runs, begins nothing more, and leaves nothing', async () => {
  scripts({ build: 'echo begun > /tmp/begun; sleep 100', lint: 'true', test: 'true' })
  const { child, ended } = nexus.start(['verify', '--json'])
  await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs.some(({ status }) => status === 'running'))
  child.kill('SIGINT')
  const { code, stdout } = await ended
  const { verification } = JSON.parse(stdout) as { verification: Verification }
  expect([code, verification.status, verification.checks.map(({ status, endReason, why }) => [status, endReason, why])]).toEqual([130, 'stopped', [
    ['failed', 'interrupted', undefined], ['left-out', undefined, 'stopped before'], ['left-out', undefined, 'stopped before'],
  ]])
  expect(layers()).toEqual([])
})

test('Ctrl-C before the first check has begun: it does not go on without anybody', async () => {
  scripts({ test: 'sleep 100' })
  await nexus.call('daemon', 'start')
  for (const pauseMs of [90, 140, 190, 240, 290, 340]) {
    const { child, ended } = nexus.start(['verify', '--json'])
    await sleep(pauseMs)
    child.kill('SIGINT')
    await ended
  }
  await until(async () => {
    const { stdout } = await nexus.call('events', '--json')
    const [began, ended] = ['began', 'ended'].map((what) => stdout.split(`"verification.${what}"`).length)
    return began === ended
  })
  expect(layers()).toEqual([])
})

test('a client that dies changes nothing: the daemon finishes and cleans up', async () => {
  scripts({ build: 'touch built', test: 'test -f built && sleep 1' })
  const { child, ended } = nexus.start(['verify'])
  await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs.length > 0)
  child.kill('SIGKILL')
  await ended
  await until(async () => {
    const { stdout } = await nexus.call('events', '--json')
    return stdout.includes('"verification.ended"')
  })
  expect(layers()).toEqual([])
  expect((await nexus.json<{ runs: Run[] }>('runs')).runs.map(({ status }) => status)).toEqual(['discarded', 'discarded'])
})

test('the kill switch ends a verification, too', async () => {
  scripts({ lint: 'sleep 100', test: 'true' })
  const { ended } = nexus.start(['verify', '--json'])
  await until(async () => (await nexus.json<{ runs: Run[] }>('runs')).runs.some(({ status }) => status === 'running'))
  await nexus.call('kill')
  const { code, stdout } = await ended
  const { verification } = JSON.parse(stdout) as { verification: Verification }
  expect([code, verification.status, verification.checks.map(({ status, endReason }) => [status, endReason])]).toEqual([5, 'stopped', [['failed', 'killed'], ['left-out', undefined]]])
  await nexus.call('kill', '--release')
})

test(proves('a hostile project is looked at from inside: no pipe holds the daemon up, no link leads out, no word is believed but the exit code', 'RUN-10', 'RUN-1'), async () => {
  spawnSync('mkfifo', [join(nexus.project, 'package.json'), join(nexus.project, 'Makefile')])
  symlinkSync('/etc/passwd', join(nexus.project, 'pyproject.toml'))
  mkdirSync(join(nexus.project, 'Cargo.toml'))
  expect(await nexus.json('verify')).toMatchObject({ code: 127, error: { code: 'no-checks' } })
  for (const name of ['package.json', 'Makefile', 'pyproject.toml', 'Cargo.toml']) rmSync(join(nexus.project, name), { recursive: true })
  const folder = "it's $(touch owned) \n\u001B]0;x\u0007"
  put(`${folder}/package.json`, JSON.stringify({ scripts: { test: "printf 'TAP version 13\\nnot ok 1 - \\033]52;c;QQ==\\007name\\n# pass 999999999\\n# fail 7\\n'; echo; exit 0" } }))
  const { stdout, code } = await nexus.call('verify')
  expect(code).toBe(0)
  expect(stdout).not.toContain('\u001B')
  expect(stdout).toContain("✓ test  npm run test in it's $(touch owned) \\n\\x1b]0;x\\x07")
  expect(readdirSync(nexus.project)).toHaveLength(2)
})

test(proves('--check auto runs the tests that are recognised in what the run left', 'RUN-10'), async () => {
  scripts({ test: 'node --test' })
  put('a.test.js', TESTS)
  const failing = await nexus.json<{ run: Run }>('run', '--apply', '--check', 'auto', 'echo 1 > one')
  expect([failing.code, failing.run.status, failing.run.check?.command, failing.run.check?.exitCode]).toEqual([5, 'kept', 'npm run test', 1])
  const fixed = await nexus.json<{ run: Run }>('run', '--apply', '--check', 'auto', 'sed -i /wrong/d a.test.js')
  expect([fixed.code, fixed.run.status, fixed.run.check?.exitCode]).toEqual([0, 'applied', 0])
  rmSync(join(nexus.project, 'package.json'))
  const none = await nexus.json<{ run: Run }>('run', '--apply', '--check', 'auto', 'echo 2 > two')
  expect([none.code, none.run.status, none.run.check?.exitCode]).toEqual([5, 'kept', null])
  expect(none.run.check?.output).toContain('no test command is recognised')
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const beganAt = performance.now(); performance.now() - beganAt < 60_000; await sleep(50)) if (await isSo()) return
  throw new Error(`it never came to that; the runs: ${(await nexus.call('runs')).stdout}`)
}
