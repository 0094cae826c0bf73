/** What the daemon makes of a sandbox whose first process is still there after its command has ended. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LaunchOrder } from '../launch.ts'
import type { Scene } from '../scene.ts'
import { nativeLauncher } from './native.ts'

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-lingering-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A launcher that says what a real one says, with itself in the place of the first process. */
function end(before: string) {
  const program = join(folder, 'launcher')
  writeFileSync(program, `#!/bin/sh\n${before}\nprintf 'started 1\\nlingering %s\\nexited 0 0 0 0\\n' $$ >&3\nexec sleep 0.3\n`)
  chmodSync(program, 0o755)
  const scene: Scene = { folder, project: folder, ground: { backend: 'copy', tree: folder }, tmpFrom: folder, vartmpFrom: folder, readonly: [], silent: [], binds: [], hide: [] }
  const order: LaunchOrder = { argv: ['true'], cwd: folder, env: {}, umask: 0o022, net: 'off', stdin: false }
  return nativeLauncher(program).launch(scene, order).ended
}

test('whoever is left of the run is named: it may still write', async () => {
  expect(await end('sleep 1 & sleep 0.2')).toMatchObject({ type: 'exited', stuck: [expect.stringMatching(/^\d+ sleep \(S\)$/)] })
})

test('where nobody is left the run has ended: the kernel alone is still at work', async () => {
  const ended = await end('')
  expect(ended).toMatchObject({ type: 'exited', exitCode: 0 })
  expect(ended).not.toHaveProperty('stuck')
})
