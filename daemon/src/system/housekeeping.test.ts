import { expect, test, vi } from 'vitest'
import { Housekeeping, type HousekeepingParts } from './housekeeping.ts'

const nothing = { layers: [], backups: [], blobs: { count: 0, bytes: 0 }, litter: { count: 0, bytes: 0 }, freedBytes: 0, deleted: true, soon: { layers: [], backups: [] } }
const rhythm = { firstAfterMs: 1, everyMs: 1, againAfterMs: 1 }

function partsOf(story: string[], isIdle: () => boolean): HousekeepingParts {
  return {
    litter: [], isIdle, rhythm, log: { error: (...words: unknown[]) => { story.push(`error ${String(words.at(-1))}`) }, info: () => {} },
    retention: { announce: () => { story.push('announce'); return Promise.resolve() }, collect: ({ by }) => { story.push(`collect for the ${by}`); return Promise.resolve(nothing) } },
  }
}

test('announces, then collects, again and again', async () => {
  const story: string[] = []
  await using _round = new Housekeeping(partsOf(story, () => true))
  await vi.waitFor(() => expect(story.length).toBeGreaterThanOrEqual(4))
  expect(story.slice(0, 4)).toEqual(['announce', 'collect for the daemon', 'announce', 'collect for the daemon'])
})

test('what the start found goes first, one after the other, whatever one of them says', async () => {
  const story: string[] = []
  const litter = ['one', 'two'].map((path) => ({ path, remove: () => { story.push(path); return path === 'one' ? Promise.reject(new Error('no')) : Promise.resolve() } }))
  await using _round = new Housekeeping({ ...partsOf(story, () => true), litter })
  await vi.waitFor(() => expect(story.slice(0, 4)).toEqual(['one', 'error what nobody owns could not be removed', 'two', 'announce']))
})

test('waits until nothing runs', async () => {
  const story: string[] = []
  let asked = 0
  await using _round = new Housekeeping(partsOf(story, () => ++asked > 3))
  await vi.waitFor(() => expect(story).toContain('announce'))
  expect(asked).toBeGreaterThan(3)
})

test('a round that fails is told and is not the last', async () => {
  const story: string[] = []
  const parts = partsOf(story, () => true)
  await using _round = new Housekeeping({ ...parts, retention: { ...parts.retention, announce: () => Promise.reject(new Error('no')) } })
  await vi.waitFor(() => expect(story).toEqual(expect.arrayContaining(['error housekeeping failed', 'error housekeeping failed'])))
})

test('its end stops the round between two deletions and waits for it', async () => {
  const story: string[] = []
  const parts = partsOf(story, () => true)
  const collect: HousekeepingParts['retention']['collect'] = async ({ signal }) => {
    story.push('began')
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    story.push('ended')
    return nothing
  }
  const round = new Housekeeping({ ...parts, retention: { ...parts.retention, collect } })
  await vi.waitFor(() => expect(story).toContain('began'))
  await round[Symbol.asyncDispose]()
  const after = [...story]
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect([after.at(-1), story]).toEqual(['ended', after])
})
