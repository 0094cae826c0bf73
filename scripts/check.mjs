// The quick part for developers: types, lint, house rules.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
const steps = [['tsc', '--noEmit', '-p', 'tsconfig.json'], ['oxlint'], ['vitest', 'run', 'e2e/house.test.ts', 'e2e/coverage.test.ts']]
const failed = steps.filter(([command, ...args]) => spawnSync(join(root, 'node_modules/.bin', command), args, { cwd: root, stdio: 'inherit', env }).status !== 0)
process.exit(failed.length > 0 ? 1 : 0)
