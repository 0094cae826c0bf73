import { expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { select } from './undertaking.ts'

const change = (path: Change['path'], from?: string): Change => ({ path, kind: from ? 'renamed' : 'modified', flags: [], ...(from ? { from } : {}) })
const all = [change('a'), change('a-b'), change('a/b'), change('a/c/d'), change('new', 'a/old'), change({ base64: Buffer.from([0xff, 0x2f, 0x61]).toString('base64') })]

test('no path means all', () => expect(select('r', all, [])).toEqual(all))

test('a folder means what lies at it, below it, or came from it; not what only begins alike', () => {
  expect(select('r', all, ['a/']).map(({ path }) => path)).toEqual(['a', 'a/b', 'a/c/d', 'new'])
  expect(select('r', all, ['a/c', 'a-b']).map(({ path }) => path)).toEqual(['a-b', 'a/c/d'])
})

test('a name that is not UTF-8 can be chosen by its bytes', () => {
  expect(select('r', all, [{ base64: Buffer.from([0xff]).toString('base64') }])).toHaveLength(1)
})

test('a path that the run did not change is a problem', () => {
  expect(() => select('rabc', all, ['a', 'b'])).toThrow(expect.objectContaining({ code: 'no-path', message: 'run rabc did not change b' }))
})
