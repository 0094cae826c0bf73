/** A whole `nexus` process against a warm daemon, beside `node -e 0` of the same Node. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, type Nexus } from '../nexus.ts'
import { pairs, type Pair } from './pairs.ts'

export function clientAgainstNode(nexus: Nexus, words: readonly string[], rounds: number): Promise<Pair> {
  return pairs(rounds, () => timed(join(root, '.toolchain/node'), ['-e', '0'], nexus), () => timed(join(root, 'nexus'), words, nexus))
}

function timed(program: string, args: readonly string[], { env, project }: Nexus): number {
  const beganAt = performance.now()
  const { status, stderr } = spawnSync(program, args, { env, cwd: project, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return performance.now() - beganAt
}
