import { render } from 'ink-testing-library'
import { expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { Card, DEAF_MS, type Answer } from './card.tsx'
import { PathList } from './path-list.tsx'

const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

async function press(keys: string[], after = DEAF_MS) {
  let now = 0
  const answers: Answer[] = []
  const shown = render(<Card now={() => now} onAnswer={(answer) => answers.push(answer)} />)
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

test('a key within the first moments is not an answer', async () => {
  expect((await press(['a'], DEAF_MS - 1)).answers).toEqual([])
})

test('unknown keys do nothing and the hint tells what Enter does', async () => {
  const { answers, frame } = await press(['z', '!'])
  expect(answers).toEqual([])
  expect(frame).toContain('bring all of it to the host')
})

const changes: Change[] = [{ path: 'a', kind: 'added', flags: [] }, { path: '.envrc', kind: 'added', flags: ['auto-exec'] }, { path: { base64: '/w==' }, kind: 'deleted', flags: [] }]

test('the list: flagged paths begin unchosen, space toggles, Enter gives the rest', async () => {
  let chosen: unknown
  const shown = render(<PathList changes={changes} rows={10} onChosen={(paths) => { chosen = paths }} />)
  await soon()
  expect(shown.lastFrame()).toContain('[ ] + .envrc  ⚑ auto-exec')
  for (const key of [' ', '\r']) {
    shown.stdin.write(key)
    await soon()
  }
  expect(chosen).toEqual([{ base64: '/w==' }])
})

test('the list: Esc chooses nothing', async () => {
  let chosen: unknown
  const shown = render(<PathList changes={changes} rows={10} onChosen={(paths) => { chosen = paths }} />)
  await soon()
  shown.stdin.write('q')
  await soon()
  expect(chosen).toEqual([])
})
