import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { GcResult } from '@nexus/protocol/system'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { RULES } from '../daemon/src/runs/expiry.ts'
import { DAY_MS, Household } from './retention/household.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))

const person = { dryRun: false, actor: 'person', by: 'person' } as const
const daemon = { dryRun: false, actor: 'daemon', by: 'daemon' } as const
const names = (list: GcResult['layers']) => list.map(({ run }) => run).sort()

async function opened(files: readonly string[] = [], rules = RULES): Promise<Household> {
  const household = await Household.open(helper, rules)
  for (const name of files) fs.writeFileSync(join(household.project, name), 'before\n')
  return household
}

describe('layers', () => {
  test('go 14 days after the last station, not after the first', async () => {
    await using house = await opened(['a', 'b'])
    const { retention, ledger, decisions } = house.rooms
    const [left, used] = [await house.run({ a: '1' }), await house.run({ b: '1' })]
    house.now += 10 * DAY_MS
    await decisions.apply(used, {}, 'test')
    house.now += 5 * DAY_MS
    const announced = await retention.collect({ ...person, dryRun: true })
    expect([names(announced.layers), announced.deleted]).toEqual([[left], false])
    expect(fs.existsSync(ledger.row(left).layer ?? '')).toBe(true)
    expect(names((await retention.collect(person)).layers)).toEqual([left])
    expect([ledger.row(left), ledger.row(used)].map(({ status, layer }) => [status, layer !== null])).toEqual([['stale', false], ['applied', true]])
    expect(fs.readdirSync(join(house.stateFolder, 'layers'))).toEqual([used])
  })

  test('go by themselves only three days after they were announced, and a station takes the announcement back', async () => {
    await using house = await opened(['a', 'b'])
    const { retention, ledger, state, decisions } = house.rooms
    const [one, other] = [await house.run({ a: '1' }), await house.run({ b: '1' })]
    house.now += 60 * DAY_MS
    expect((await retention.collect(daemon)).layers).toEqual([])
    await retention.announce()
    await retention.announce()
    const announcements = state.after(0, 1000).filter(({ type }) => type === 'retention.announced')
    expect(announcements.map(({ payload }) => payload)).toEqual([{ layers: expect.arrayContaining([{ run: one, at: house.now + 3 * DAY_MS }, { run: other, at: house.now + 3 * DAY_MS }]), preImages: [] }])
    expect(retention.soon().layers).toHaveLength(2)
    house.now += 2 * DAY_MS
    await decisions.apply(other, {}, 'test')
    expect((await retention.collect(daemon)).layers).toEqual([])
    house.now += DAY_MS
    expect(names((await retention.collect(daemon)).layers)).toEqual([one])
    expect(ledger.row(other).layer).not.toBeNull()
  })

  test('stay while a layer above them stays; then the whole stack goes at once', async () => {
    await using house = await opened(['a'])
    const { retention, ledger, decisions } = house.rooms
    const below = await house.run({ a: '1' })
    house.now += 10 * DAY_MS
    const above = await house.run({ x: '1' }, '', ledger.row(below))
    house.now += 6 * DAY_MS
    expect((await retention.collect(person)).layers).toEqual([])
    await expect(decisions.discard(below, 'test')).rejects.toMatchObject({ code: 'layer-has-children' })
    house.now += 10 * DAY_MS
    expect(names((await retention.collect(person)).layers)).toEqual([below, above].sort())
  })

  test('stay as long as they are pinned, or while their run or its check is under way', async () => {
    await using house = await opened(['a'])
    const { retention, ledger } = house.rooms
    const [pinned, running, checked] = [await house.run({ a: '1' }), await house.run({ b: '1' }), await house.run({ c: '1' })]
    ledger.note(pinned, 'run.pinned', 'test', { pinned: true })
    ledger.move(running, { to: 'running', event: 'run.shell-opened', actor: 'test', action: 'entered' })
    ledger.hold(checked)
    house.now += 100 * DAY_MS
    await retention.announce()
    house.now += 10 * DAY_MS
    expect((await retention.collect(daemon)).layers).toEqual([])
    expect((await retention.collect(person)).layers).toEqual([])
    ledger.release(checked)
    ledger.note(pinned, 'run.unpinned', 'test', { pinned: false })
    expect(names((await retention.collect(person)).layers)).toEqual([pinned, checked].sort())
  })
})

describe('pre-images', () => {
  test('lead back for 30 days after the last apply; then the rollback says why it cannot', async () => {
    await using house = await opened(['a', 'b'])
    const { retention, decisions, ledger } = house.rooms
    const [young, old] = [await house.run({ a: '1' }), await house.run({ b: '1' })]
    await decisions.apply(old, {}, 'test')
    house.now += 29 * DAY_MS
    // Its layer is long gone by then: the way back does not need it.
    expect(names((await retention.collect(person)).layers)).toEqual([young, old].sort())
    expect((await retention.collect(person)).backups).toEqual([])
    house.now += 2 * DAY_MS
    expect((await retention.collect(person)).backups.map(({ run }) => run)).toEqual([old])
    await expect(decisions.rollback(old, 'test')).rejects.toMatchObject({ code: 'pre-images-gone', message: expect.stringContaining(old) })
    expect([fs.readFileSync(join(house.project, 'b'), 'utf8'), ledger.row(old).status, fs.readdirSync(join(house.stateFolder, 'applies'))]).toEqual(['1', 'applied', []])
  })

  test('the oldest beyond 10 GB go, announced, and never those of the newest apply', async () => {
    await using house = await opened(['a', 'b', 'c'], { ...RULES, preImagesBytes: 5000 })
    const { retention, decisions } = house.rooms
    const applied: string[] = []
    for (const name of ['a', 'b', 'c']) {
      applied.push(await house.run({ [name]: '1' }))
      await decisions.apply(applied.at(-1) ?? '', {}, 'test')
      house.now += DAY_MS
    }
    const all = (await retention.collect({ ...person, dryRun: true })).backups
    expect(all).toEqual([])
    await retention.announce()
    house.now += 3 * DAY_MS
    expect((await retention.collect(daemon)).backups.map(({ run }) => run).sort()).toEqual(applied.slice(0, 2).sort())
    expect((await decisions.rollback(applied[2] ?? '', 'test')).conflicts).toEqual([])
  })

  test('a run that is applied anew after a rollback has a way back again', async () => {
    await using house = await opened(['a'])
    const { retention, decisions, ledger } = house.rooms
    const run = await house.run({ a: '1' })
    await decisions.apply(run, {}, 'test')
    await decisions.rollback(run, 'test')
    ledger.note(run, 'run.pinned', 'test', { pinned: true })
    house.now += 40 * DAY_MS
    await retention.collect(person)
    await decisions.apply(run, {}, 'test')
    await retention.collect(person)
    expect((await decisions.rollback(run, 'test')).conflicts).toEqual([])
    expect(fs.readFileSync(join(house.project, 'a'), 'utf8')).toBe('before\n')
  })
})

describe('garbage', () => {
  test('two runs share one output; it goes with neither, and what is in hand is none', async () => {
    await using house = await opened()
    const { retention, state } = house.rooms
    await house.run({ a: '1' }, 'the same')
    await house.run({ b: '1' }, 'the same')
    const loose = join(house.folder, 'loose')
    fs.writeFileSync(loose, 'not yet referred to')
    const held = await state.blobs.adopt(loose)
    expect((await retention.collect(person)).blobs.count).toBe(0)
    held[Symbol.dispose]()
    expect((await retention.collect({ ...person, dryRun: true })).blobs).toEqual({ count: 1, bytes: 19 })
    expect((await retention.collect(person)).blobs.count).toBe(1)
    expect(fs.existsSync(state.blobs.pathOf(held.digest))).toBe(false)
  })

  test('what a crash leaves is found: half a blob, a layer, a check, frames, a staging folder', async () => {
    await using house = await opened(['a'])
    const run = await house.run({ a: '1' }, 'out')
    await house.rooms.decisions.apply(run, {}, 'test')
    const stage = join(house.project, `.nexus-stage-${run}`)
    const foreign = join(house.project, '.nexus-stage-rzzzzzzzzzzzz')
    const litter = [join(house.stateFolder, 'blobs/ab/cd.partial'), join(house.stateFolder, 'output/rgone'), join(house.stateFolder, `layers/${run}-check/upper`)]
    for (const path of [...litter, join(stage, '0'), join(foreign, '0')]) {
      fs.mkdirSync(join(path, '..'), { recursive: true })
      fs.writeFileSync(path, 'x')
    }
    const { blobs, litter: found } = await house.rooms.retention.collect(person)
    expect([blobs.count, found.count]).toEqual([1, 3])
    expect([...litter, stage, foreign].map((path) => fs.existsSync(path))).toEqual([false, false, false, false, true])
    expect(fs.readFileSync(join(house.project, 'a'), 'utf8')).toBe('1')
  })

  test('a deletion that fails is found again as litter', async () => {
    await using house = await opened(['a'])
    const run = await house.run({ a: '1' })
    house.now += 20 * DAY_MS
    house.breaksAtDiscard = true
    await house.rooms.retention.collect(person)
    expect(fs.existsSync(join(house.stateFolder, 'layers', run))).toBe(false)
    house.breaksAtDiscard = false
  })
})
