import { applyPatch } from 'diff'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, Signature } from '@nexus/protocol/changes'
import { patchText } from './patch.ts'
import { replacement } from './replacement.ts'

const text = fc.array(fc.constantFrom('a\n', 'b\n', '\n', 'c'), { maxLength: 12 }).map((parts) => parts.join(''))

test('what goes and what comes is the other text, whatever the two share', () => {
  fc.assert(fc.property(text, text, fc.integer({ min: 0, max: 3 }), (old, now, context) => {
    fc.pre(old !== now)
    const hunk = replacement(old, now, context)
    const patch = { oldFileName: 'a', newFileName: 'b', oldHeader: undefined, newHeader: undefined, hunks: [hunk] }
    expect(applyPatch(old, patch)).toBe(now)
  }))
})

test('files that are too far apart to be compared are shown all the same', () => {
  const file = (content: string): Signature => ({ type: 'file', mode: '0644', size: content.length, mtimeNs: '0', sha256: content.slice(-20), uid: 0, gid: 0 })
  const lines = (word: string) => `same\n${Array.from({ length: 10_000 }, (_, at) => `${word}${at}\n`).join('')}`
  const change: Change = { path: 'x', kind: 'modified', before: file(lines('old')), after: file(lines('new')), flags: [] }
  const said = patchText(change, Buffer.from(lines('old')), Buffer.from(lines('new'))).split('\n')
  expect([said[3], said[4], said[5], said[10_005], said.length]).toEqual(['@@ -1,10001 +1,10001 @@', ' same', '-old0', '+new0', 20_006])
})

test('a byte that is no UTF-8 is shown as itself: its change to another one is seen', () => {
  const signature = { type: 'file' as const, mode: '0644', size: 9, mtimeNs: '0', uid: 0, gid: 0 }
  const change: Change = { path: 'f', kind: 'modified', before: { ...signature, sha256: '00' }, after: { ...signature, sha256: '11' }, flags: [] }
  const said = patchText(change, Buffer.concat([Buffer.from('é\na'), Buffer.from([0xe9, 0x0a])]), Buffer.concat([Buffer.from('é\na'), Buffer.from([0xe8, 0x0a])]))
  expect(said.split('\n').slice(3)).toEqual(['@@ -1,2 +1,2 @@', ' é', '-a\\xe9', '+a\\xe8', ''])
})
