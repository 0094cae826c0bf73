// PERF-7: the daemon from the shipped bundle: ready and idle, on fresh state and on its own.
import { weigh, type Weight } from './daemon.ts'
import { goal, median } from './pairs.ts'

for (const again of [false, true]) {
  const weights: Weight[] = []
  for (let round = 0; round < 7; round += 1) weights.push(await weigh({ again }))
  const ready = median(weights.map(({ readyMs }) => readyMs))
  const idle = median(weights.map(({ idleRssBytes }) => idleRssBytes)) / 1e6
  console.log(`${(again ? 'start on old state' : 'start on fresh state').padEnd(44)} ready ${ready.toFixed(0)} ms  idle ${idle.toFixed(0)} MB  ${goal('< 500 ms, < 150 MB', ready < 500 && idle < 150)}`)
}
