// The job of `npm test`: system packages, types, lint, every suite, the acceptance script; one line of counts at the end.
// With words after it (`npm test -- sandbox changes e2e`) only the test files whose path contains one of them.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensurePackages } from './system-packages.mjs'
import { acceptanceCounts, acceptanceFailures, addCounts, countsLine, none } from './test/counts.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const filters = process.argv.slice(2)
const isWhole = filters.length === 0
/** A suite that hangs is a failure, not an endless job. */
const STEP_LIMIT_MS = process.env.NEXUS_ENDURANCE === '1' ? 6 * 3600_000 : 40 * 60_000
/**
 * Chance here is the same every time: whether a commit may land must not hang on a tree that it has nothing to do with.
 * New trees are drawn by `npm run endurance`, and by vitest alone.
 */
if (process.env.NEXUS_ENDURANCE !== '1') process.env.NEXUS_SEED ??= '20261122'
const scratch = mkdtempSync(join(tmpdir(), 'nexus-test-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const packages = ensurePackages()
const total = none()
/** A line for each thing that failed, told again at the end: a long job is read from there. */
const failures = []
if (isWhole) {
  await step('types', async () => {
    // Two programs: only the page knows a window and a document.
    const [house, page] = [await run('node_modules/.bin/tsc', ['--noEmit', '-p', 'tsconfig.json']), await run('node_modules/.bin/tsc', ['--noEmit', '-p', 'dashboard/tsconfig.json'])]
    return passOrFail('types', { code: house.code || page.code })
  })
  await step('lint', async () => passOrFail('lint', await run('node_modules/.bin/oxlint', ['--quiet'])))
}
await step('suites', suites)
if (isWhole || filters.some((filter) => 'e2e/acceptance.sh'.includes(filter))) await step('acceptance', acceptance)

for (const missing of packages.missing) process.stdout.write(`missing: ${missing.name}: ${missing.command}\n`)
if (failures.length > 0) process.stdout.write(`\n== what failed\n${failures.map((line) => `${line}\n`).join('')}\n`)
if (process.env.NEXUS_FAILURES) appendFileSync(process.env.NEXUS_FAILURES, failures.map((line) => `${line}\n`).join(''))
if (process.env.NEXUS_COUNTS) writeFileSync(process.env.NEXUS_COUNTS, `${total.passed} ${total.failed} ${total.skipped}\n`)
process.stdout.write(`${countsLine(total)}\n`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

async function step(name, work) {
  process.stdout.write(`\n== ${name}\n`)
  const beganAt = performance.now()
  const counts = await work()
  addCounts(total, counts)
  process.stdout.write(`== ${name}: ${countsLine(counts)} (${((performance.now() - beganAt) / 1000).toFixed(1)} s)\n`)
}

async function suites() {
  const file = join(scratch, 'counts.json')
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/test/counts-reporter.mjs')}`]
  const done = await run('node_modules/.bin/vitest', ['run', '--passWithNoTests', ...reporters, ...filters], { NEXUS_COUNTS_FILE: file })
  if (!existsSync(file)) {
    failures.push(`suites: vitest ended with ${done.code} and counted nothing`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const counts = JSON.parse(readFileSync(file, 'utf8'))
  failures.push(...counts.failures)
  // vitest may fail without a failed test: an unhandled error, a suite that could not be loaded.
  if (done.code !== 0 && counts.failed === 0) { counts.failed = 1; failures.push(`suites: vitest ended with ${done.code}`) }
  return counts
}

async function acceptance() {
  const done = await run('sh', ['e2e/acceptance.sh', join(root, 'nexus')])
  const counts = acceptanceCounts(done.output)
  failures.push(...acceptanceFailures(done.output))
  if (done.code !== 0 && counts.failed === 0) counts.failed = 1
  if (counts.passed + counts.failed + counts.skipped === 0) counts.failed = 1
  return counts
}

/** Runs a program of this clone without input, shows its output as it comes, and returns it with the exit code. */
function run(program, args, env = {}) {
  return new Promise((resolve) => {
    const command = program.includes('/') ? join(root, program) : program
    const child = spawn(command, args, {
      cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
      env: { ...environment(), ...env },
    })
    const limit = setTimeout(() => {
      process.stdout.write(`\n${program} did not end within ${STEP_LIMIT_MS / 60_000} minutes: killed\n`)
      process.kill(-child.pid, 'SIGKILL')
    }, STEP_LIMIT_MS)
    let output = ''
    child.stdout.on('data', (chunk) => { output += chunk; process.stdout.write(chunk) })
    child.stderr.on('data', (chunk) => process.stdout.write(chunk))
    const forward = (signal) => { process.kill(-child.pid, signal) }
    process.on('SIGINT', forward).on('SIGTERM', forward)
    child.on('error', (error) => { process.stdout.write(`${program}: ${error.message}\n`); finish(127) })
    child.on('exit', (code) => finish(code ?? 1))
    function finish(code) {
      clearTimeout(limit)
      process.off('SIGINT', forward).off('SIGTERM', forward)
      // What still holds the pipes (a daemon that a test forgot) must not hold us.
      setTimeout(() => { child.stdout.destroy(); child.stderr.destroy(); resolve({ code, output }) }, 100)
    }
  })
}

/** The pinned Node first (`vitest` and `tsc` start with `env node`); test daemons must not meet the user's own. */
function environment() {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, CI: 'true', NO_COLOR: '1', NEXUS_PORT: 'off' }
  delete env.NEXUS_HOME
  // npm tells its children where it runs and how; the npm that a test starts in a sandbox must not hear of it.
  for (const name of Object.keys(env)) if (/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(name) || name === 'INIT_CWD') delete env[name]
  return env
}

function passOrFail(name, { code }) {
  if (code !== 0) failures.push(`${name}: see above`)
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}
