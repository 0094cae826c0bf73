import { expect, test } from 'vitest'
import { runStatusSchema } from '@nexus/protocol/runs'
import { canMove, requireMove, SETTLED } from './status.ts'

test('every station can be reached from queued, and every one that moves by itself can settle', () => {
  const reach = (start: string) => {
    const seen = new Set([start])
    for (const from of seen) for (const to of runStatusSchema.options) if (canMove(from as never, to)) seen.add(to)
    return seen
  }
  const unreachable = runStatusSchema.options.filter((status) => !reach('queued').has(status))
  expect(unreachable).toEqual([])
  for (const status of runStatusSchema.options) expect([...reach(status)].some((end) => SETTLED.includes(end as never))).toBe(true)
})

test('nothing is applied that did not end by itself, and nothing leaves the end stations', () => {
  for (const status of runStatusSchema.options) {
    expect(canMove(status, 'applying')).toBe(['kept', 'applied', 'rolled-back'].includes(status))
    expect(canMove('discarded', status)).toBe(false)
    expect(canMove('refused', status)).toBe(false)
  }
})

test('an impossible move names where the run is', () => {
  expect(() => requireMove('rabc', 'failed', 'applying', 'applied')).toThrow('run rabc is failed: it cannot be applied')
})
