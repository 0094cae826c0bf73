/**
 * Calls that fail at every moment of an apply, a partial apply and a rollback, generated from the fault table: a full disk,
 * I/O errors, missing permissions, in the project, the state folder and the database. CI takes a seeded slice.
 */
import { constants } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { FAULTS, type FaultRow } from './crash/fault-table.ts'
import { Shim, type Fault, type Moment } from './crash/faults.ts'
import { rowsOf, type KillPointId } from './crash/table.ts'
import { ACTS, Theatre, type ActName } from './crash/theatre.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)

/** As long as a command lasts. */
const LASTING = 1_000_000
/** Of each row, as far as there are so many moments. */
const MOMENTS = isEndurance ? 60 : 1

describe.each([{ title: 'with the helper', native: true }, { title: 'without the helper', native: false }])('$title', ({ native, title }) => {
  if (!shim) return test('faults', ({ skip }) => skip('needs gcc: apt-get install gcc libc6-dev'))
  const dice = new Dice(seed)
  const moments = new Map<KillPointId, { act: ActName; at: number }[]>()
  let theatre: Theatre

  beforeAll(async () => {
    theatre = await Theatre.open(shim, { native })
    await theatre.rehearse()
    for (const act of Object.keys(ACTS) as ActName[]) {
      await theatre.bringTo(ACTS[act].from)
      const { trace } = await theatre.perform(act)
      for (const [index, row] of rowsIn(trace).entries()) moments.set(row, [...(moments.get(row) ?? []), { act, at: index + 1 }])
    }
  })
  afterAll(async () => await theatre[Symbol.asyncDispose]())

  // Without the helper the engine is the same.
  test.each<FaultRow>(native || isEndurance ? FAULTS : dice.some<FaultRow>(FAULTS, 4))(proves('$id', 'RUN-5', 'PERF-8'), async (row) => {
    const known = row.during.flatMap((id) => moments.get(id) ?? [])
    let tried = 0
    for (const moment of dice.some(known, known.length)) {
      if (tried === MOMENTS) break
      if (await isTried(row, moment)) tried += 1
    }
    expect(tried).toBeGreaterThan(0)
    if (isEndurance) console.log(`${title}, ${row.id}: ${tried} moments`)
  })

  function rowsIn(trace: readonly Moment[]): KillPointId[] {
    return rowsOf(trace, { run: theatre.run, state: theatre.state, project: theatre.nexus.project })
  }

  /** False: no call of that kind came after that moment any more. */
  async function isTried(row: FaultRow, { act, at }: { act: ActName; at: number }): Promise<boolean> {
    const { from, to } = ACTS[act]
    await theatre.bringTo(from)
    const { error, kinds, where, lasts } = row
    const fault: Fault = { type: 'fail', at, error, kinds, where, times: lasts === 'once' ? 1 : LASTING, ...(row.ending === undefined ? {} : { ending: row.ending }) }
    const { ended, trace } = await theatre.perform(act, fault)
    const first = trace.findIndex(({ number, result }) => number >= at && result === -constants.errno[error])
    // None, or in another row than last time: the numbers move a little.
    const rows: readonly string[] = row.during
    if (first < 0 || !rows.includes(rowsIn(trace.slice(0, first + 1)).at(-1) ?? '')) return false
    const told = `${act}, from ${at} on: ${trace[first]?.call} ${trace[first]?.path}: ${ended.stderr}`
    expect(theatre.halves(from, to), told).toEqual([])
    const isRestarted = dice.below(3) === 0
    if (isRestarted) await theatre.killDaemon()
    expect({ code: ended.code, complaints: await theatre.complaints(row.host === 'old' ? from : to), isRestarted }, told).toEqual({ code: row.exitCode, complaints: [], isRestarted })
    return true
  }
})
