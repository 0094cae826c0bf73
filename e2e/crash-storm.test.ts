/**
 * The storm: random trees, random work, and daemons that die or meet failing calls at random moments of random acts, also
 * while they recover from the death before. After every blow the next command finds the set old or new.
 */
import fc from 'fast-check'
import { join } from 'node:path'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Run } from '@nexus/protocol/runs'
import { afterAll, expect, test } from 'vitest'
import { tree, work } from './changes/arbitrary.ts'
import { perform } from './changes/operations.ts'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { KINDS, PLACES, Shim, type Fault } from './crash/faults.ts'
import { ACTS, Theatre, type ActName, type Scene } from './crash/theatre.ts'
import { root } from './nexus.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())

const LIVES = Number(process.env.NEXUS_RUNS ?? (isEndurance ? 150 : 3))
const BLOWS = 6

test(proves('whatever the tree, the work and the moment', 'RUN-5', 'PERF-8'), async ({ skip }) => {
  if (!shim) return skip('needs gcc: apt-get install gcc libc6-dev')
  const counts = { lives: 0, kills: 0, 'kills in recovery': 0, failures: 0, 'blows that came too late': 0 }
  for (let life = 0; life < LIVES; life += 1) await live(shim, (seed + life) % 2 ** 31, counts)
  console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}): ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`)
  expect(counts.kills + counts.failures).toBeGreaterThanOrEqual(LIVES)
}, 6 * 3600_000)

async function live(shim: Shim, own: number, counts: Record<string, number>): Promise<void> {
  const dice = new Dice(own)
  const [before = []] = fc.sample(tree, { seed: own, numRuns: 1 })
  const [operations = []] = fc.sample(work, { seed: own + 1, numRuns: 1 })
  const command = Buffer.from(JSON.stringify(operations)).toString('base64')
  await using theatre = await Theatre.open(shim, {
    native: dice.below(4) > 0, sharesFiles: true, confirms: true, project: (folder) => perform(folder, before),
    run: [join(root, '.toolchain/node'), join(root, 'e2e/crash/perform.ts'), command], some: (run) => someOf(run, dice),
  })
  if (!theatre.hasChanges) return
  count('lives')
  const where = `seed ${own}`
  // Some may need all the others.
  let acts = Object.keys(ACTS) as ActName[]
  for (const act of ['apply', 'rollback', 'partial apply', 'rollback'] as const) {
    const { ended } = await theatre.perform(act)
    // Pipes and base that moved are not of this storm's making, and hard links are named by the dot.
    expect(ended.code, `${where}: ${act}: ${ended.stdout}${ended.stderr}`).toBe(0)
    if (!theatre.scenes.has(ACTS[act].to)) theatre.scenes.set(ACTS[act].to, theatre.look())
    const { appliedPaths, changes } = await theatre.show()
    if (act === 'partial apply' && appliedPaths.length === changes.length) acts = ['apply', 'rollback']
  }
  for (let blow = 0; blow < BLOWS; blow += 1) {
    const act = acts[dice.below(acts.length)] ?? 'apply'
    const { from, to } = ACTS[act]
    await theatre.bringTo(from)
    // A seed that has never been tried tells by its own trace how far it goes.
    const fault = faultOf(dice)
    const { fired, ended } = await theatre.perform(act, fault)
    count(!fired ? 'blows that came too late' : fault.type === 'fail' ? 'failures' : 'kills')
    if (fired && fault.type !== 'fail' && dice.below(3) === 0) {
      const { fired: again } = await theatre.call(['show', theatre.run], { type: 'kill', at: 1 + dice.below(60) })
      if (again) count('kills in recovery')
    }
    const told = `${where}: ${act}, ${JSON.stringify(fault)}: ${ended.stderr}`
    expect(theatre.halves(from, to), told).toEqual([])
    await expectOneOf(theatre, ended.code === 0 ? [to] : [from, to], told)
  }

  function count(what: string): void {
    counts[what] = (counts[what] ?? 0) + 1
  }
}

async function expectOneOf(theatre: Theatre, scenes: readonly Scene[], told: string): Promise<void> {
  const all: string[][] = []
  for (const scene of scenes) {
    const complaints = await theatre.complaints(scene)
    if (complaints.length === 0) return
    all.push(complaints)
  }
  expect(all, told).toEqual([])
}

function faultOf(dice: Dice): Fault {
  const at = 1 + dice.below(dice.below(3) === 0 ? 40 : 160)
  const kinds = [KINDS.space, KINDS.name | KINDS.meta, KINDS.space | KINDS.name | KINDS.meta | KINDS.sync][dice.below(3)] ?? KINDS.space
  const where = [PLACES.project, PLACES.state, PLACES.project | PLACES.state][dice.below(3)] ?? PLACES.project
  switch (dice.below(5)) {
    case 0: return { type: 'torn', at }
    case 1: return { type: 'fail', at, error: kinds === KINDS.space ? 'ENOSPC' : 'EIO', kinds, where, times: dice.below(2) === 0 ? 1 : 1_000_000 }
    default: return { type: 'kill', at }
  }
}

/** Paths that a command line can name; at least one. What a repository is made of moves as one, and brings along what it cannot. */
function someOf(run: Run, dice: Dice): string[] {
  const texts = run.changes.flatMap(({ path }: { path: Bytes }) => (typeof path === 'string' && !path.startsWith('-') && !path.split('/').includes('.git') ? [path] : []))
  const chosen = dice.some(texts, 1 + dice.below(3)).map((path) => `./${path}`)
  return chosen.length > 0 ? chosen : ['.']
}
