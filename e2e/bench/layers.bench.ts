// RUN-7: the start of a run on a stack, at depth 1, 50 and 300, squashed on the way: home, layer, mounts, to the end of `true`.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createChanges } from '@nexus/daemon/changes/changes'
import { SQUASHED_FROM } from '@nexus/daemon/runs/squash'
import { Overheads } from './overhead.ts'
import { bestOf, goal, row } from './pairs.ts'

const DEPTHS = [1, 50, 300]
const START_MAX_MS = 50
const ROUNDS = 30

using overheads = new Overheads()
const rung = await overheads.rung('native')
if (typeof rung === 'string') console.log(`left out: ${rung}`)
else {
  const project = overheads.project(1000)
  await using changes = await createChanges({ nativePath: overheads.native, state: join(overheads.folder, 'changes'), now: () => Date.now() })
  let parents: string[] = []
  for (let depth = 1; depth <= Math.max(...DEPTHS); depth += 1) {
    const upper = await rung.leave(project, parents, `echo ${depth} > own-${depth}; echo ${depth} > shared; echo ${depth} >> d0/e0/f1.txt`)
    const [nearest, ...rest] = [upper, ...parents]
    parents = [nearest ?? '', ...(rest.length < SQUASHED_FROM ? rest : [await squashed(depth, rest)])]
    if (!DEPTHS.includes(depth)) continue
    const figure = await bestOf(() => rung.measure(project, ROUNDS, parents), ({ extra }) => extra < START_MAX_MS)
    console.log(row(`a run on a stack of ${depth}, ${parents.length} mounted`, figure))
    console.log(goal(`+ < ${START_MAX_MS} ms at depth ${depth}`, figure.extra < START_MAX_MS))
  }

  /** As the daemon does it in the background. */
  async function squashed(depth: number, [upper = '', ...others]: string[]): Promise<string> {
    const to = join(overheads.folder, `squashed-${depth}/upper`)
    if (!existsSync(to)) mkdirSync(to, { recursive: true })
    await changes.squash({ project, backend: 'overlay', upper, parents: others, xattrs: process.getuid?.() === 0 ? 'trusted' : 'user', startedAtNs: 0n }, to)
    return to
  }
}
