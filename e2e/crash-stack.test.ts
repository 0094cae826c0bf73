/**
 * `kill -9` of the real daemon while it applies a run together with those below it, or takes them back; then the next
 * command: the host is old or new, and the records of all the runs say the same. CI takes a seeded slice.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import type { Layers } from '@nexus/protocol/layers'
import type { Run } from '@nexus/protocol/runs'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { Faults, Shim, type Fault } from './crash/faults.ts'
import { PROJECT, RUN } from './crash/theatre.ts'
import { Nexus } from './nexus.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)
const BLOWS = isEndurance ? 200 : 8

/** Over RUN: what it made is changed, moved and removed again. */
const ABOVE = `
  echo newer >>fresh/sub/file; mv fresh/moved keep/back; rm twin-a; rm -r becomes-directory; echo file again >becomes-directory; mkdir -p later; echo l >later/l; chmod 644 script.sh; ln -sfn keep/deep link`

let nexus: Nexus
let faults: Faults
beforeEach(({ skip }) => {
  if (!shim) return skip('needs gcc: apt-get install gcc libc6-dev')
  nexus = new Nexus()
  faults = new Faults(shim, nexus.base, { native: true })
  Object.assign(nexus.env, faults.env)
  faults.watch(nexus.project, `${nexus.base}/state`)
})
afterEach(async () => {
  faults.disarm()
  await nexus[Symbol.asyncDispose]()
  faults[Symbol.dispose]()
})

test(proves('with parents it is all or none, whatever the moment', 'RUN-5', 'RUN-7', 'PERF-8'), async () => {
  const dice = new Dice(seed)
  execFileSync('bash', ['-c', PROJECT], { cwd: nexus.project, stdio: ['ignore', 'ignore', 'inherit'] })
  const before = look()
  // What was written a moment ago must not look as if it had been written during the run.
  await sleep(30)
  const below = await nexus.run('--keep', RUN)
  const above = await nexus.run('--keep', '--on', below.id, ABOVE)
  const apply = ['apply', above.id, '--with-parents']
  const rollback = ['rollback', above.id]

  const lengths = { apply: await performed(apply), rollback: 0 }
  const after = look()
  lengths.rollback = await performed(rollback)
  expect(differences(before, look())).toEqual([])

  const counts = { killed: 0, finished: 0, undone: 0 }
  for (let blow = 0; blow < BLOWS; blow += 1) {
    const isApply = await toBegin(dice.below(2) === 0)
    const at = 1 + dice.below(isApply ? lengths.apply : lengths.rollback)
    const killed = await dead(isApply ? apply : rollback, { type: 'kill', at })
    // And sometimes once more, while it recovers.
    const isTwice = killed && dice.below(3) === 0 && (await dead(['show', above.id], { type: 'kill', at: 1 + dice.below(40) }))
    const { layers } = await nexus.json<Layers>('layers', above.id)
    const statuses = new Set(layers.map(({ status }) => status))
    const told = `${isApply ? 'apply' : 'rollback'} killed at ${at}${isTwice ? ', and again in its recovery' : ''}`
    expect(statuses.size === 1 ? [] : layers.map(({ id, status }) => `${id} ${status}`), told).toEqual([])
    const isNew = statuses.has('applied')
    // A daemon that died while it let go of pre-images leaves them, as second names of files, to retention; one that died in
    // recovery, between the staging folder and the time of the folder that it lay in, leaves that time as it is.
    expect(differences(isNew ? after : before, look(), { ignore: (path) => (isTwice && path === '.' ? ['links', 'mtimeNs'] : ['links']) }), told).toEqual([])
    const { run } = await nexus.json<{ run: Run }>('show', below.id)
    expect({ with: run.appliedWith, paths: run.appliedPaths.length }, told).toEqual({ with: isNew ? above.id : undefined, paths: isNew ? run.changes.length : 0 })
    if (killed) counts.killed += 1
    counts[isNew === isApply ? 'finished' : 'undone'] += 1
  }
  console.log(`${BLOWS} blows: ${JSON.stringify(counts)}`)
  expect(counts.killed).toBeGreaterThan(BLOWS / 2)

  /** Leads to where that act can begin; tells which it is. */
  async function toBegin(isApply: boolean): Promise<boolean> {
    const { status } = (await nexus.json<{ run: Run }>('show', above.id)).run
    if (isApply === (status === 'applied')) {
      const { code, stderr } = await nexus.call(...(isApply ? rollback : apply))
      expect(code, stderr).toBe(0)
    }
    return isApply
  }
})

/** How many changes of a file it takes, undisturbed. */
async function performed(words: readonly string[]): Promise<number> {
  faults.arm()
  const { code, stderr } = await nexus.call(...words)
  faults.disarm()
  expect(code, stderr).toBe(0)
  return faults.trace().length
}

/** False: it came to its end before that moment. */
async function dead(words: readonly string[], fault: Fault): Promise<boolean> {
  faults.arm(fault)
  await nexus.call(...words)
  faults.disarm()
  return faults.fired > 0
}

function look(): Snapshot {
  return snapshot(nexus.project, { xattrs: false, skip: (path) => path === '.git' })
}
