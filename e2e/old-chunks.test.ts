import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

// Scripts are plain JavaScript, without types.
const { removeOldChunks } = (await import(String(new URL('../scripts/build/old-chunks.mjs', import.meta.url)))) as { removeOldChunks: (folder: string, written: readonly string[]) => void }

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-chunks-')) })
afterEach(() => rmSync(folder, { recursive: true }))

function build(...names: string[]): string[] {
  for (const name of names) writeFileSync(join(folder, name), name)
  removeOldChunks(folder, names)
  return readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort()
}

test('the chunks of this build and of the one before stay, older ones go', () => {
  writeFileSync(join(folder, 'nexus-native'), 'not a chunk')
  expect(build('nexusd.mjs', 'chunk-A.mjs')).toEqual(['chunk-A.mjs', 'nexusd.mjs'])
  expect(build('nexusd.mjs', 'chunk-B.mjs')).toEqual(['chunk-A.mjs', 'chunk-B.mjs', 'nexusd.mjs'])
  expect(build('nexusd.mjs', 'chunk-C.mjs')).toEqual(['chunk-B.mjs', 'chunk-C.mjs', 'nexusd.mjs'])
  // The same once more is no new build.
  expect(build('nexusd.mjs', 'chunk-C.mjs')).toEqual(['chunk-B.mjs', 'chunk-C.mjs', 'nexusd.mjs'])
  expect(readdirSync(folder)).toContain('nexus-native')
})

test('what lay there before there was a record counts as the build before', () => {
  writeFileSync(join(folder, 'chunk-A.mjs'), '')
  expect(build('chunk-B.mjs')).toEqual(['chunk-A.mjs', 'chunk-B.mjs'])
  expect(build('chunk-C.mjs')).toEqual(['chunk-B.mjs', 'chunk-C.mjs'])
})
