// PERF-2: overhead by rung, in a tiny project and in one of 100,000 files.
import { Overheads, type Rung } from './overhead.ts'
import { row } from './pairs.ts'

using overheads = new Overheads()
const tiny = overheads.project(3)
const large = overheads.project(100_000)
for (const name of ['native', 'util-linux', 'copy'] as const satisfies readonly Rung['name'][]) {
  const rung = await overheads.rung(name)
  if (typeof rung === 'string') {
    console.log(`${name.padEnd(44)} left out: ${rung}`)
    continue
  }
  const goal = name === 'native' ? 'goal + < 10 ms' : ''
  const inTiny = await rung.measure(tiny, 40)
  console.log(row(`${name} (${rung.choice.strength}), 3 files`, inTiny, goal))
  // The copy back end copies first, which is not the launcher's time but minutes of this benchmark.
  if (name === 'copy') continue
  const inLarge = await rung.measure(large, 40)
  console.log(row(`${name} (${rung.choice.strength}), 100,000 files`, inLarge, `${(inLarge.extra - inTiny.extra).toFixed(2)} ms more than in 3 files${name === 'native' ? ' (goal < 2)' : ''}`))
}
