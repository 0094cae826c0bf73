/**
 * `kill -9` of the real daemon at every change of a file that an apply, a partial apply or a rollback makes, generated
 * from the crash table; then the next command. CI takes a seeded slice, `npm run endurance` every moment.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { Shim } from './crash/faults.ts'
import { page } from './crash/page.ts'
import { KILL_POINTS, rowsOf, type KillPointId } from './crash/table.ts'
import { ACTS, Theatre, type ActName, type Performed } from './crash/theatre.ts'
import { needsStranger } from './needs.ts'
import { root, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)

test('the page says what the table says', () => {
  expect(readFileSync(join(root, 'docs/crash-table.md'), 'utf8'), 'node e2e/crash/page.ts > docs/crash-table.md').toBe(page())
})

interface Casting {
  readonly title: string
  readonly native: boolean
  readonly isStranger: boolean
  /** In CI a moment of every row; else some of any. */
  readonly isMain: boolean
}

const CASTINGS: readonly Casting[] = [
  { title: 'with the helper', native: true, isStranger: false, isMain: true },
  { title: 'without the helper', native: false, isStranger: false, isMain: false },
  { title: 'as another user', native: true, isStranger: true, isMain: false },
]

/** A change of a file in one act: its number, and whether half of it is made. */
interface Moment {
  readonly act: ActName
  readonly type: 'kill' | 'torn'
  readonly at: number
}

describe.each(CASTINGS)('killed $title', ({ native, isStranger, isMain, title }) => {
  let missing = shim ? undefined : 'needs gcc: apt-get install gcc libc6-dev'
  if (isStranger) needsStranger((note) => { missing ??= note })
  if (!shim || missing !== undefined) return test('killed', ({ skip }) => skip(missing))
  const dice = new Dice(seed)
  const moments = new Map<KillPointId, Moment[]>()
  let theatre: Theatre

  beforeAll(async () => {
    theatre = await Theatre.open(shim, { native, ...(isStranger ? { as: STRANGER } : {}) })
    await theatre.rehearse()
    for (const act of Object.keys(ACTS) as ActName[]) {
      await theatre.bringTo(ACTS[act].from)
      const { ended, trace } = await theatre.perform(act)
      expect(ended.code, ended.stderr).toBe(0)
      for (const [index, row] of rows({ trace }).entries()) {
        const tearable = trace[index]?.call === 'write'
        moments.set(row, [...(moments.get(row) ?? []), { act, type: 'kill', at: index + 1 }, ...(tearable ? [{ act, type: 'torn' as const, at: index + 1 }] : [])])
      }
    }
  })
  afterAll(async () => await theatre[Symbol.asyncDispose]())

  test.each(isMain || isEndurance ? KILL_POINTS : [])(proves('$id', 'RUN-5', 'PERF-8'), async ({ id }) => {
    const known = moments.get(id) ?? []
    const chosen = isEndurance ? known : dice.some(known, 1)
    for (const moment of chosen) await killedAt(moment)
    if (isEndurance) console.log(`${title}, ${id}: ${chosen.length} moments`)
  })

  test('every row of the table is met', async () => {
    expect(KILL_POINTS.filter(({ id }) => !moments.has(id))).toEqual([])
    for (const moment of isMain || isEndurance ? [] : dice.some([...moments.values()].flat(), 5)) await killedAt(moment)
  })

  test('an apply that ends before it has a plan is not taken for the rollback before it', async () => {
    await theatre.bringTo('all')
    await theatre.perform('rollback')
    expect(rows(await theatre.perform('apply', { type: 'kill', at: 14 }))).toContain('approving')
    expect(await theatre.complaints('before')).toEqual([])
  })

  /** The row is that of the call that was really cut off: the numbers may move a little from one time to the next. */
  async function killedAt({ act, type, at }: Moment): Promise<void> {
    const { from, to } = ACTS[act]
    await theatre.bringTo(from)
    const performed = await theatre.perform(act, { type, at })
    const row = performed.fired ? rows(performed).at(-1) : undefined
    const where = `${act}, ${type} at ${at} (${row ?? 'it came to its end'})`
    if (performed.fired) expect(performed.ended.code, where).toBe(125)
    const { host } = KILL_POINTS.find((point) => point.id === row) ?? { host: 'new' as const }
    expect(await theatre.complaints(host === 'old' ? from : to), where).toEqual([])
  }

  function rows({ trace }: Pick<Performed, 'trace'>): KillPointId[] {
    return rowsOf(trace, { run: theatre.run, state: theatre.state, project: theatre.nexus.project })
  }
})
