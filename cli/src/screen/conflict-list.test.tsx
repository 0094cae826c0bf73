import { render } from 'ink-testing-library'
import { expect, test } from 'vitest'
import type { OpenConflict, Signature } from '@nexus/protocol/changes'
import { ConflictList, type ConflictAnswer } from './conflict-list.tsx'
import { conflictBlock } from './conflicts.ts'
import { DEAF_MS } from './draw.ts'
import { themeFor } from './theme.ts'

const soon = () => new Promise((resolve) => setTimeout(resolve, 20))
const file = (size: number): Signature => ({ type: 'file', mode: '0644', size, mtimeNs: '0', sha256: `${size}`.padEnd(64, '0'), uid: 0, gid: 0 })
const conflicts: OpenConflict[] = [
  { path: 'src/app.ts', reason: 'changed', expected: file(10), found: file(20), after: file(30), merge: 'clean', choices: ['merge', 'take', 'keep', 'skip'] },
  { path: 'a\nb', reason: 'changed', expected: file(1), found: file(2), after: file(3), merge: 'overlaps', overlaps: 2, choices: ['take', 'keep', 'skip'] },
  { path: 'gone', reason: 'vanished', expected: file(4), after: file(5), merge: 'none', why: 'the host has it no more', choices: ['take', 'keep', 'skip'] },
  { path: 'dir', reason: 'not-empty', detail: 'it holds x', expected: { ...file(0), type: 'directory' }, merge: 'none', choices: ['keep', 'skip'] },
]

async function press(keys: string[], { after = DEAF_MS, rows = 18 } = {}) {
  let now = 0
  const answers: ConflictAnswer[] = []
  const shown = render(<ConflictList conflicts={conflicts} rows={rows} now={() => now} onAnswer={(answer) => answers.push(answer)} />)
  await soon()
  now = after
  for (const key of keys) {
    shown.stdin.write(key)
    await soon()
  }
  const frames = shown.frames.map((frame) => frame.split('\n'))
  const frame = shown.lastFrame() ?? ''
  shown.unmount()
  return { answers, frame, frames }
}

const chosen = ({ answers: [answer] }: { answers: ConflictAnswer[] }) => answer && { type: answer.type, choices: answer.choices.map(({ choice }) => choice) }
const DOWN = '\u001B[B'

test('as it is drawn: what merges cleanly is merged, nothing else is touched without a key', async () => {
  expect((await press([])).frame.split('\n')).toEqual([
    'merge       src/app.ts  the host has something else by now · merges cleanly',
    'later       a\\nb  the host has something else by now · 2 overlaps',
    'later       gone  it is gone from the host',
    'later       dir  the folder holds files that the run did not see',
    'saw file 0644 10 B 10000000 · host file 0644 20 B 20000000 · run file 0644 30 B 30000000',
    "m merge · t take the run's · h keep the host's · s later · d diff",
    'Enter go on · r re-run on the new base · Esc decide later',
  ])
})

test('a key for each row; what is not offered there does nothing', async () => {
  expect(chosen(await press(['t', `${DOWN}m`, 'h', `${DOWN}t`, `${DOWN}tm`, 'h', '\r']))).toEqual({ type: 'go', choices: ['take', 'keep', 'take', 'keep'] })
  expect(chosen(await press(['s', 'j', 't', 'k', 'm', '\r']))).toEqual({ type: 'go', choices: ['merge', 'take', 'skip', 'skip'] })
})

test.each([['r', 'rerun'], ['\u001B', 'back'], ['q', 'back'], ['\u0003', 'back']])('%j: %s', async (key, type) => {
  expect(chosen(await press([key]))).toMatchObject({ type })
})

test('d asks for the diff of the row, and what was chosen comes along', async () => {
  expect((await press(['t', `${DOWN}d`])).answers).toMatchObject([{ type: 'diff', at: 1, choices: [{ path: 'src/app.ts', choice: 'take' }, { path: 'a\nb', choice: 'skip' }, {}, {}] }])
})

test('a key within the first moments decides nothing', async () => {
  const { answers, frame } = await press(['t', '\r', 'r'], { after: DEAF_MS - 1 })
  expect({ answers, first: frame.split('\n')[0]?.slice(0, 5) }).toEqual({ answers: [], first: 'merge' })
})

test('a screen too small shows a window; every frame has the same height, so nothing jumps', async () => {
  const { frames } = await press([DOWN, DOWN, DOWN, 't'], { rows: 2 })
  expect(new Set(frames.map((frame) => frame.length))).toEqual(new Set([5]))
})

test('in words: three sides, and both diffs where they were asked for', () => {
  const plain = themeFor({}, 'never', {})
  expect(conflictBlock({ ...conflicts[3]!, why: 'only files have lines' }, plain)).toEqual([
    '✗ dir: the folder holds files that the run did not see (it holds x)', '    the run saw       directory 0644', '    the host has      nothing', '    would be written  nothing', '    no merge: only files have lines',
  ])
  expect(conflictBlock({ ...conflicts[0]!, patches: { taken: '-b\n+c\n' } }, plain).slice(5)).toEqual(["  ── the host's version, and the run's in its place ──", '-b', '+c'])
  expect(conflictBlock({ ...conflicts[0]!, patches: { host: 'h\n', run: 'r\n', taken: 't\n', merged: 'm\n' } }, plain).slice(5)).toEqual([
    '  ── what the host changed since the run saw it ──', 'h', '  ── what the run changed ──', 'r', '  ── the merge, from the host ──', 'm',
  ])
})
