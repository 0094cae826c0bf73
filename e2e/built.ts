/** Before the first scenario: the shipped bundles are those of the present sources, and modes are the same everywhere. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export default function build(): void {
  process.umask(0o022)
  const root = join(import.meta.dirname, '..')
  const done = spawnSync(process.execPath, [join(root, 'scripts/bootstrap.cjs'), 'setup'], { cwd: root, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`the product could not be built:\n${done.stdout}${done.stderr}`)
}
