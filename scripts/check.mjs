// The quick part of the suite for developers: types, lint, the rules of the house; turbo runs them side by side and
// remembers what has not changed. It stays out of the way of ./nexus and `npm test`: an empty run costs it a second.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolchain = join(root, '.toolchain')
const pnpm = readdirSync(toolchain).filter((name) => name.startsWith('pnpm-')).map((name) => join(toolchain, name, 'node_modules/@pnpm', `exe.${process.platform}-${process.arch}`))
const env = { ...process.env, PATH: [dirname(process.execPath), ...pnpm, process.env.PATH].join(':'), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
const { status } = spawnSync(join(root, 'node_modules/.bin/turbo'), ['run', 'types', 'lint', 'house', '--output-logs=errors-only', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env })
process.exitCode = status ?? 1
