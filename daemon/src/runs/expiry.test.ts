import { expect, test } from 'vitest'
import { beyond, layerGoesAt, preImagesGoAt, RULES } from './expiry.ts'

const DAY_MS = 24 * 3600_000
const row = { layer: '/layers/r', pinned: false, movedAt: 1000 * DAY_MS, layerNoticeAt: null, preImagesNoticeAt: null }
const daysAfter = (at: number | null) => (at === null ? null : (at - row.movedAt) / DAY_MS)

test('a layer has 14 days, and three days from its announcement', () => {
  const cases = [row, { ...row, layerNoticeAt: row.movedAt + 11 * DAY_MS }, { ...row, layerNoticeAt: row.movedAt + 40 * DAY_MS }, { ...row, pinned: true }, { ...row, layer: null }]
  expect(cases.map((one) => daysAfter(layerGoesAt(one)))).toEqual([14, 14, 43, null, null])
})

test('pre-images have 30 days; those that are too many have three days from their announcement', () => {
  const early = { ...row, preImagesNoticeAt: row.movedAt + 2 * DAY_MS }
  expect([preImagesGoAt(row, false), preImagesGoAt(row, true), preImagesGoAt(early, true), preImagesGoAt(early, false), preImagesGoAt({ ...early, pinned: true }, true)].map(daysAfter)).toEqual([30, 30, 5, 30, null])
})

test('the oldest are too many, the newest never', () => {
  const kept = [{ movedAt: 1, bytes: 4e9 }, { movedAt: 3, bytes: 20e9 }, { movedAt: 2, bytes: 1 }] as const
  expect([...beyond(kept, RULES)]).toEqual([kept[2], kept[0]])
  expect([...beyond([{ movedAt: 1, bytes: 4e9 }, { movedAt: 2, bytes: 6e9 }], RULES)]).toEqual([])
})
