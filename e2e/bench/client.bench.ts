// PERF-1: the whole process of a command against a warm daemon, through ./nexus, as a ratio to `node -e 0`.
import { Nexus } from '../nexus.ts'
import { clientAgainstNode } from './client.ts'
import { bestOf, goal, row, type Pair } from './pairs.ts'

const isReached = ({ ratio, other }: Pair) => ratio <= 2.2 && other < 100

await using nexus = new Nexus()
const { id } = await nexus.run('--keep', 'echo 1 > a')
for (const words of [['status'], ['status', '--json'], ['runs'], ['show', id], ['diff', id], ['run', '--keep', 'true']]) {
  const measure = () => clientAgainstNode(nexus, words, 31)
  const name = `nexus ${words.join(' ').replace(id, 'RUN')}`
  // A run starts a sandbox and a diff compares files: they are shown beside the questions that the promise is about.
  if (words[0] === 'run' || words[0] === 'diff') console.log(row(name, await measure()))
  else {
    const pair = await bestOf(measure, isReached)
    console.log(row(name, pair, goal('x <= 2.2 and < 100 ms', isReached(pair))))
  }
}
