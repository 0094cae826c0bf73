// The long versions of the suites that run a seeded slice in CI.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const env = { ...process.env, NEXUS_ENDURANCE: '1', NEXUS_PORT: 'off', PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), ['run', '--testTimeout=3600000', 'daemon/src/changes', 'daemon/src/sandbox', 'e2e/'], { cwd: root, stdio: 'inherit', env })
process.exit(status ?? 1)
