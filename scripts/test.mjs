// The job of `npm test`: system packages, types, lint, every suite, the acceptance script; one summed line at the end.
//   node scripts/test.mjs [--only sandbox]     the suites that depend on who runs them (another user, another kernel)
//   NEXUS_REQUIRE=tmux,docker                  a suite that is skipped for the lack of one of these is a failure
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensurePackages } from './system-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const label = process.env.NEXUS_TEST_LABEL ?? ''
const sum = { passed: 0, failed: 0, skipped: 0 }

ensurePackages()
if (!only) {
  step('types', [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'])
  step('lint', [bin('oxlint'), '--quiet'])
}
suites()
acceptance()
process.stdout.write(`${label}${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`)
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0)

function bin(name) {
  return join(root, 'node_modules/.bin', name)
}

/** A step of its own counts as one test. */
function step(name, [command, ...args]) {
  const startedAt = performance.now()
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment() })
  sum[status === 0 ? 'passed' : 'failed'] += 1
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
}

function suites() {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-report-'))
  const report = join(folder, 'report.json')
  const filters = only === 'sandbox' ? ['daemon/src/sandbox', 'daemon/src/changes', 'e2e/'] : []
  const run = spawnSync(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment() })
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    sum.passed += result.numPassedTests
    sum.failed += result.numFailedTests
    sum.skipped += result.numPendingTests + (result.numTodoTests ?? 0)
    // A file that could not be loaded has no failed test of its own, and an error outside of a test neither.
    if (run.status !== 0 && result.numFailedTests === 0) sum.failed += Math.max(1, result.numFailedTestSuites)
  } catch (error) {
    console.error(`the suites left no report: ${error.message}`)
    sum.failed += 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function acceptance() {
  const { stdout, status } = spawnSync('sh', [join(root, 'e2e/acceptance.sh'), join(root, 'nexus')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: environment(), maxBuffer: 1 << 28 })
  process.stdout.write(stdout)
  const lines = stdout.split('\n')
  const count = (pattern) => lines.filter((line) => pattern.test(line)).length
  const failed = count(/^not ok /)
  sum.passed += count(/^ok (?!.* # SKIP)/)
  sum.skipped += count(/^ok .* # SKIP/)
  sum.failed += failed > 0 || status === 0 ? failed : 1
}

/** Test daemons must not meet the user's own, and not each other's ports. */
function environment() {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, NEXUS_PORT: process.env.NEXUS_PORT ?? 'off' }
  delete env.NEXUS_HOME
  return env
}
