/** What the contents of a layer may take of the memory. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Breath } from './breath.ts'
import { fromText, TOP } from './byte-path.ts'
import { Contents } from './contents.ts'
import { Extent } from './extent.ts'
import { NodeFiles } from './node-files.ts'
import { look } from './seen.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-contents-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('targets of links count: each may be as long as a path, and none has a place on the disk that a limit would see', async () => {
  const contents = new Contents(new NodeFiles(), { roots: [], layers: 2 }, new Breath(), new Extent(6000))
  const link = (name: string) => {
    const real = fromText(join(folder, name))
    symlinkSync('x/'.repeat(2000), join(folder, name))
    const seen = look(real)
    if (!seen) throw new Error(`${name} is not there`)
    return { layer: 0, path: TOP, real, seen, parts: null }
  }
  expect((await contents.of(link('one'))).signature.linkTarget).toHaveLength(4000)
  expect(() => contents.of(link('two'))).toThrow(expect.objectContaining({ code: 'change-set-too-large' }))
})
