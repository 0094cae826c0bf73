// The quick part of the suite for developers: types, lint, the rules of the house.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const steps = [
  ['types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['lint', 'oxlint', ['--quiet']],
  ['house', 'vitest', ['run', '--project', 'unit', '--reporter=dot', 'e2e/house.test.ts', 'e2e/coverage.test.ts']],
]
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
const failed = steps.filter(([name, program, args]) => {
  process.stdout.write(`== ${name}\n`)
  return spawnSync(join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env }).status !== 0
}).map(([name]) => name)
process.stdout.write(failed.length === 0 ? 'all well\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
