import { expect, test } from 'vitest'
import type { Progress } from '@nexus/protocol/run-output'
import { UnderWay } from './under-way.ts'

test('who follows sees how far it is, and the end also when the work fails', async () => {
  const underWay = new UnderWay()
  const gate = Promise.withResolvers<void>()
  const work = underWay.while('r1', async (report) => {
    report({ phase: 'staging', done: 1, total: 2 })
    await gate.promise
    report({ phase: 'changing', done: 2, total: 2 })
    throw new Error('disk full')
  })
  const seen: Progress[] = []
  const following = (async () => {
    for await (const progress of underWay.follow('r1', undefined)) {
      seen.push(progress)
      gate.resolve()
    }
  })()
  await expect(work).rejects.toThrow('disk full')
  await following
  expect(seen[0]).toEqual({ phase: 'staging', done: 1, total: 2 })
})

test('nothing under way is the end; who stops waiting is let go', async () => {
  const underWay = new UnderWay()
  expect(await all(underWay.follow('r1', undefined))).toEqual([])
  const leaving = new AbortController()
  const gate = Promise.withResolvers<void>()
  const work = underWay.while('r1', () => gate.promise)
  const following = all(underWay.follow('r1', leaving.signal))
  leaving.abort()
  expect(await following).toEqual([])
  gate.resolve()
  await work
})

async function all(progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const seen: Progress[] = []
  for await (const entry of progress) seen.push(entry)
  return seen
}
