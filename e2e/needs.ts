/** A test that needs a real tool skips with the command that brings it; NEXUS_REQUIRE turns such a skip into a failure. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, STRANGER } from './nexus.ts'

const BRINGS: Readonly<Record<string, string>> = {
  tmux: 'apt-get install tmux', git: 'apt-get install git', make: 'apt-get install make', python3: 'apt-get install python3',
  gcc: 'apt-get install gcc libc6-dev', gdb: 'apt-get install gdb', strace: 'apt-get install strace', sqlite3: 'apt-get install sqlite3', setarch: 'apt-get install util-linux', script: 'apt-get install bsdutils', unshare: 'apt-get install util-linux', setfattr: 'apt-get install attr', bindfs: 'apt-get install bindfs',
}

/** `needs(skip, 'tmux')` at the beginning of a test; `skip` is that of the test's context. */
export function needs(skip: (note: string) => void, ...tools: string[]): void {
  const missing = tools.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status !== 0)
  if (missing !== undefined) skip(`needs ${missing}: ${BRINGS[missing] ?? `install ${missing}`}`)
}

/** Skips where the npm registry cannot be reached from this machine; NEXUS_REQUIRE=registry forbids that. */
export function needsRegistry(skip: (note: string) => void): void {
  const { status } = spawnSync('npm', ['view', 'is-number@7.0.0', 'version'], { stdio: 'ignore', timeout: 30_000 })
  if (status !== 0) skip('needs registry: a network that reaches the npm registry')
}

/** Only root can act as somebody else, and only where that other user may read this clone and run its Node. */
export function needsStranger(skip: (note: string) => void): void {
  if (process.getuid?.() !== 0) skip('needs root: to act as another user')
  const { status } = spawnSync(join(root, '.toolchain/node'), ['-e', "require('fs').readFileSync(process.argv[1])", join(root, 'cli/dist/nexus.mjs')], { ...STRANGER, stdio: 'ignore', cwd: '/' })
  if (status !== 0) skip('needs a clone that other users can read')
}
