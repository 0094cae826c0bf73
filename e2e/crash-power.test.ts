/**
 * Power failures: what had not been flushed is lost, all of it or any part. The changes of every file are recorded at
 * the system calls of the real daemon and helper; each failure is replayed on a fresh disk, and the next command recovers.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { DiskModel, type World } from './crash/disk-model.ts'
import { Shim, type Moment } from './crash/faults.ts'
import { ACTS, Theatre, type ActName } from './crash/theatre.ts'
import { removeTree } from './nexus.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)

/** Of each act. Every other one loses all that was not flushed. */
const FAILURES = isEndurance ? 120 : 2
/** Of the state folder: what an apply writes to. */
const OF_STATE = ['applies', 'backups', 'nexus.db', 'nexus.db-wal']

describe.each([{ title: 'with the helper', native: true }, { title: 'without the helper', native: false }])('the power fails $title', ({ native, title }) => {
  if (!shim) return test('power', ({ skip }) => skip('needs gcc: apt-get install gcc libc6-dev'))
  const acts = Object.keys(ACTS) as ActName[]
  // Without the helper the engine is the same, and slower.
  test.each(native || isEndurance ? acts : new Dice(seed).some(acts, 2))(proves('during %s', 'RUN-5', 'PERF-8'), async (act) => {
    await using theatre = await Theatre.open(shim, { native })
    await theatre.rehearse()
    const { from, to } = ACTS[act]
    await theatre.bringTo(from)
    const disk = new Disk(theatre)
    const { ended, trace } = await theatre.perform(act, undefined, { record: true })
    expect(ended.code, ended.stderr).toBe(0)
    const last = trace.at(-1)?.number ?? 0
    const model = disk.recorded(trace)
    const dice = new Dice(seed)
    let lost = 0
    for (let failure = 0; failure < FAILURES; failure += 1) {
      // The first is the one that matters most: acknowledged, then the power fails.
      const until = failure === 0 ? last : 1 + dice.below(last)
      lost += model.unflushed(until)
      const where = `${act}: the power fails after ${until} of ${last} (${trace.find(({ number }) => number === until)?.call})`
      await theatre.killDaemon()
      // All that was not flushed is lost, or a part.
      disk.layOut(failure % 2 === 0 ? model.after(until, 0, () => false) : model.after(until, dice.below(until + 1), () => dice.below(2) === 0), model)
      theatre.forgetLog()
      const now = [await theatre.complaints(to), ...(until === last ? [] : [await theatre.complaints(from)])]
      expect(now.some((complaints) => complaints.length === 0) ? [] : now, where).toEqual([])
    }
    if (isEndurance) console.log(`${title}, ${act}: ${FAILURES} power failures, ${lost} effects unflushed`)
  })
})

/** The project and the state folder, put aside at the beginning and laid out again for each failure. */
class Disk {
  readonly #theatre: Theatre
  readonly #aside: string

  constructor(theatre: Theatre) {
    this.#theatre = theatre
    this.#aside = join(theatre.nexus.base, 'aside')
    mkdirSync(this.#aside)
    for (const folder of [theatre.nexus.project, theatre.state]) execFileSync('cp', ['-a', folder, this.#aside])
  }

  recorded(trace: readonly Moment[]): DiskModel {
    const { nexus, state } = this.#theatre
    return new DiskModel(trace, new Map([[nexus.project, join(this.#aside, 'project')], [state, join(this.#aside, 'state')]]))
  }

  layOut(world: World, model: DiskModel): void {
    const { nexus, state } = this.#theatre
    for (const folder of [nexus.project, state]) removeTree(folder)
    model.materialise(world, (path) => path.startsWith(`${state}/`) && !OF_STATE.some((name) => path === `${state}/${name}` || path.startsWith(`${state}/${name}/`)))
    // It is in memory, and made anew by whoever opens the database first.
    rmSync(join(state, 'nexus.db-shm'), { force: true })
  }
}
