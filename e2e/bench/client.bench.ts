// PERF-1: the whole process of a command against a warm daemon, through ./nexus, as a ratio to `node -e 0`.
import { Nexus } from '../nexus.ts'
import { clientAgainstNode } from './client.ts'
import { row } from './pairs.ts'

await using nexus = new Nexus()
const { id } = await nexus.run('--keep', 'echo 1 > a')
for (const words of [['status'], ['status', '--json'], ['runs'], ['show', id], ['diff', id], ['run', '--keep', 'true']]) {
  console.log(row(`nexus ${words.join(' ').replace(id, 'RUN')}`, await clientAgainstNode(nexus, words, 31), words[0] === 'run' ? '' : 'goal x <= 2.2 and < 100 ms'))
}
