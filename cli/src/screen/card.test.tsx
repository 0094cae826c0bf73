import { render } from 'ink-testing-library'
import { expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { Card, type Answer, type CardProps } from './card.tsx'
import { DEAF_MS } from './draw.ts'
import { PathList } from './path-list.tsx'

const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

async function press(keys: string[], after = DEAF_MS, offers: Pick<CardProps, 'hasMoved' | 'hasTranscript'> = {}) {
  let now = 0
  const answers: Answer[] = []
  const shown = render(<Card {...offers} now={() => now} onAnswer={(answer) => answers.push(answer)} />)
  await soon()
  now = after
  for (const key of keys) {
    shown.stdin.write(key)
    await soon()
  }
  const frame = shown.lastFrame() ?? ''
  shown.unmount()
  return { answers, frame }
}

test.each([['a', 'apply'], ['y', 'apply'], ['s', 'some'], ['d', 'diff'], ['o', 'shell'], ['k', 'keep'], ['n', 'keep'], ['x', 'discard'], ['\r', 'apply'], ['\u0003', 'keep']] as const)('%j answers %s', async (key, answer) => {
  expect((await press([key])).answers).toEqual([answer])
})

test('arrows and Enter', async () => {
  expect((await press(['\u001B[C', '\u001B[C', '\r'])).answers).toEqual(['diff'])
  expect((await press(['\u001B[D', '\r'])).answers).toEqual(['discard'])
})

test('keys that arrive in one piece count one after the other', async () => {
  expect((await press(['\u001B[C\u001B[C\u001B[C\r'])).answers).toEqual(['shell'])
})

test('an agent has left a transcript: t shows it, and nowhere else', async () => {
  const { answers, frame } = await press(['t'], DEAF_MS, { hasTranscript: true })
  expect(frame).toContain('t transcript')
  expect({ answers, without: (await press(['t'])).answers }).toEqual({ answers: ['transcript'], without: [] })
})

test('? lists the keys', async () => {
  const { answers, frame } = await press(['?'])
  expect(answers).toEqual([])
  expect(frame).toContain('o  open shell: a terminal inside the layer')
})

test('a key within the first moments is not an answer', async () => {
  expect((await press(['a'], DEAF_MS - 1)).answers).toEqual([])
})

test('unknown keys do nothing and the hint tells what Enter does', async () => {
  const { answers, frame } = await press(['z', '!'])
  expect(answers).toEqual([])
  expect(frame).toContain('bring all of it to the host')
})

const changes: Change[] = [
  { path: '.envrc', kind: 'added', flags: ['auto-exec'] }, { path: 'a', kind: 'added', flags: [] }, { path: 'src/b.c', kind: 'modified', flags: [] },
  { path: 'src/post\ninstall', kind: 'added', flags: ['auto-exec'] }, { path: 'src/c.c', kind: 'deleted', flags: [] }, { path: { base64: '/w==' }, kind: 'deleted', flags: [] },
]

async function choose(keys: string[], rows = 20) {
  let chosen: unknown = 'nothing yet'
  const shown = render(<PathList changes={changes} rows={rows} onChosen={(paths) => { chosen = paths }} />)
  await soon()
  for (const key of keys) {
    shown.stdin.write(key)
    await soon()
  }
  const frame = shown.lastFrame() ?? ''
  shown.unmount()
  return { chosen, frame }
}

const DOWN = '\u001B[B'

test('the list as it is drawn: folders, flags never chosen beforehand, names that cannot command the terminal', async () => {
  expect((await choose([])).frame.split('\n')).toEqual([
    '[ ] + .envrc  ⚑ runs by itself later', '[x] + a', '[x] - \\xff', '[x] ▾ src/  3 paths  ⚑ 1', '  [x] ~ src/b.c', '  [ ] + src/post\\ninstall  ⚑ runs by itself later',
    '  [x] - src/c.c', '4 of 6 · space choose · a all · ←→ fold · Enter apply · Esc back',
  ])
})

test('Enter gives what is chosen, in the order of the change set', async () => {
  expect((await choose(['\r'])).chosen).toEqual(['a', 'src/b.c', 'src/c.c', { base64: '/w==' }])
})

test('space chooses a flagged path only by its own row; a folder takes the others', async () => {
  expect((await choose([' ', '\r'])).chosen).toEqual(['.envrc', 'a', 'src/b.c', 'src/c.c', { base64: '/w==' }])
  expect((await choose([`${DOWN}${DOWN}${DOWN} `, '\r'])).chosen).toEqual(['a', { base64: '/w==' }])
  expect((await choose([`${DOWN}${DOWN}${DOWN} `, ' ', '\r'])).chosen).toEqual(['a', 'src/b.c', 'src/c.c', { base64: '/w==' }])
  expect((await choose(['a', 'a', '\r'])).chosen).toEqual(['a', 'src/b.c', 'src/c.c', { base64: '/w==' }])
  expect((await choose(['a', '\r'])).chosen).toEqual([])
})

test('a folder folds and tells how much of it is chosen', async () => {
  expect((await choose([`${DOWN}${DOWN}${DOWN}${DOWN} `, '\u001B[A', '\u001B[D'])).frame).toContain('[-] ▸ src/  3 paths  ⚑ 1\n3 of 6')
})

test('a long list shows a window around the cursor', async () => {
  const { frame } = await choose([DOWN, DOWN, DOWN, DOWN], 3)
  expect(frame.split('\n')).toHaveLength(4)
  expect(frame).toContain('src/b.c')
})

test.each(['q', '\u001B', '\u0003'])('%j chooses nothing', async (key) => {
  expect((await choose([key])).chosen).toEqual([])
})

test('where the host has moved on, the card offers to run it again', async () => {
  const { answers, frame } = await press(['r'], DEAF_MS, { hasMoved: true })
  expect({ answers, frame: frame.includes('r re-run') }).toEqual({ answers: ['rerun'], frame: true })
  expect((await press(['r'])).answers).toEqual([])
})
