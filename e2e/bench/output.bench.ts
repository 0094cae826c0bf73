// Output: a big file through `nexus run -- cat` and a pipe against the bare pipe; how long a command that prints without end takes to die.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, root } from '../nexus.ts'
import { goal, median, pairs, row } from './pairs.ts'

await using nexus = new Nexus()
writeFileSync(join(nexus.project, 'big.bin'), randomBytes(64 * 1024 * 1024))
await nexus.run('true')

const sums = new Set<string>()
const timed = (line: string) => () => {
  const beganAt = performance.now()
  sums.add(execFileSync('sh', ['-c', line], { cwd: nexus.project, env: nexus.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  return performance.now() - beganAt
}
console.log(row('64 MiB: nexus run -- cat | sha256sum', await pairs(5, timed('cat big.bin | sha256sum'), timed(`"${join(root, 'nexus')}" run -- cat big.bin | sha256sum`)), goal('the same bytes', sums.size === 1)))

const deaths: number[] = []
for (let round = 0; round < 5; round += 1) {
  const { ended } = nexus.start(['run', '--json', '--', 'yes'])
  const output = join(nexus.base, 'state/output')
  while (!existsSync(output) || readdirSync(output).length === 0) await sleep(20)
  await sleep(1000)
  const { runs } = await nexus.json<{ runs: Run[] }>('runs', '--limit', '1')
  const beganAt = performance.now()
  await nexus.call('kill', runs[0]?.id ?? '')
  deaths.push(performance.now() - beganAt)
  await ended
}
console.log(`${'kill of `yes`, until its result stands'.padEnd(44)} ${median(deaths).toFixed(0).padStart(8)} ms`)
