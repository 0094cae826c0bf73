/**
 * Random lives of a household against a model that says, in its own words, what must still be there and what must be gone:
 * layers, ways back, outputs, the project itself. Some deletions break off, and the daemon comes and goes.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { DAY_MS, Household } from './retention/household.ts'

const seed = Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env.NEXUS_RUNS ?? (process.env.NEXUS_ENDURANCE === '1' ? 300 : 20))
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}), ${numRuns} lives`)

const helper = compileHelper()
afterAll(() => removeHelper(helper))

const ACTS = ['run', 'child', 'apply', 'apply', 'rollback', 'discard', 'pin', 'release', 'wait', 'wait', 'wait', 'gc', 'tidy', 'tidy', 'break', 'restart'] as const
const act = fc.record({ what: fc.constantFrom(...ACTS), which: fc.nat({ max: 12 }), days: fc.constantFrom(1, 2, 3, 5, 8, 13) })
type Act = { readonly what: (typeof ACTS)[number]; readonly which: number; readonly days: number }

test('nothing that may still be needed goes, nothing that may go stays', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 40, maxLength: 90, size: 'max' }), async (acts) => {
    await using house = await Household.open(helper)
    const model = new Model(house)
    for (const one of acts) await model.act(one)
    await model.lastWords()
  }), { seed, numRuns, endOnFailure: true })
})

interface Remembered {
  readonly id: string
  readonly file: string
  readonly output: string
  readonly parent: Remembered | undefined
  status: 'kept' | 'applied' | 'rolled-back' | 'discarded'
  touchedAt: number
  pinned: boolean
  /** When it was last told that layer or pre-images go. */
  layerToldAt: number | null
  preImagesToldAt: number | null
  hasLayer: boolean
  hasWayBack: boolean
}

class Model {
  readonly #house: Household
  readonly #runs: Remembered[] = []
  #seen = 0

  constructor(house: Household) {
    this.#house = house
  }

  async act({ what, which, days }: Act): Promise<void> {
    const { decisions, ledger, retention } = this.#house.rooms
    const run = this.#runs[which % Math.max(1, this.#runs.length)]
    switch (what) {
      case 'run': await this.#begin(which, undefined); break
      case 'child': if (run?.hasLayer) await this.#begin(which, run); break
      case 'apply':
        if (!run?.hasLayer || (run.status !== 'kept' && run.status !== 'rolled-back') || run.parent) break
        expect((await decisions.apply(run.id, {}, 'test')).conflicts).toEqual([])
        this.#touch(run, 'applied')
        run.hasWayBack = true
        break
      case 'rollback': if (run?.status === 'applied') await this.#rollback(run); break
      case 'discard': {
        if (!run || (run.status !== 'kept' && run.status !== 'rolled-back')) break
        if (this.#children(run).some(({ hasLayer }) => hasLayer)) {
          await expect(decisions.discard(run.id, 'test')).rejects.toMatchObject({ code: 'layer-has-children' })
          break
        }
        await decisions.discard(run.id, 'test').catch(() => 'the power failed')
        this.#touch(run, 'discarded')
        run.hasLayer = false
        break
      }
      case 'pin': case 'release':
        if (!run) break
        run.pinned = what === 'pin'
        run.layerToldAt = run.preImagesToldAt = null
        ledger.note(run.id, `run.${what}`, 'test', { pinned: run.pinned, layerNoticeAt: null, preImagesNoticeAt: null })
        break
      case 'wait': this.#house.now += days * DAY_MS; break
      case 'gc':
        await retention.collect({ dryRun: false, actor: 'person', by: 'person' })
        this.#expectAfter((run, age) => this.#house.now - run.touchedAt >= age)
        break
      case 'tidy': {
        await retention.announce()
        this.#hear()
        await retention.collect({ dryRun: false, actor: 'daemon', by: 'daemon' })
        const told = (at: number | null) => at !== null && this.#house.now - at >= 3 * DAY_MS
        this.#expectAfter((run, age) => this.#house.now - run.touchedAt >= age && told(age === 14 * DAY_MS ? run.layerToldAt : run.preImagesToldAt))
        break
      }
      case 'break': this.#house.breaksAtDiscard = true; break
      case 'restart':
        await this.#house.end()
        await this.#house.begin()
        break
    }
    this.#expectPresent()
  }

  /** A round without failures leaves nothing but what is owned; and every way back that is promised is one. */
  async lastWords(): Promise<void> {
    this.#house.breaksAtDiscard = false
    await this.#house.rooms.retention.collect({ dryRun: false, actor: 'person', by: 'person' })
    this.#expectAfter((run, age) => this.#house.now - run.touchedAt >= age)
    const { stateFolder } = this.#house
    const layers = fs.existsSync(join(stateFolder, 'layers')) ? fs.readdirSync(join(stateFolder, 'layers')) : []
    expect(layers.sort()).toEqual(this.#runs.filter(({ hasLayer }) => hasLayer).map(({ id }) => id).sort())
    for (const run of this.#runs) if (run.status === 'applied') await this.#rollback(run)
    this.#expectPresent()
  }

  async #begin(which: number, parent: Remembered | undefined): Promise<void> {
    const { ledger } = this.#house.rooms
    const file = `file-${this.#runs.length}`
    fs.writeFileSync(join(this.#house.project, file), 'before\n')
    // Few outputs, so that runs share them.
    const output = `output ${which % 3}`
    const id = await this.#house.run({ [file]: 'after\n' }, output, parent && ledger.row(parent.id))
    this.#runs.push({ id, file, output, parent, status: 'kept', touchedAt: this.#house.now, pinned: false, layerToldAt: null, preImagesToldAt: null, hasLayer: true, hasWayBack: false })
  }

  async #rollback(run: Remembered): Promise<void> {
    const { decisions } = this.#house.rooms
    if (!run.hasWayBack) {
      await expect(decisions.rollback(run.id, 'test')).rejects.toMatchObject({ code: 'pre-images-gone' })
      return
    }
    expect((await decisions.rollback(run.id, 'test')).conflicts).toEqual([])
    this.#touch(run, 'rolled-back')
    run.hasWayBack = false
  }

  #touch(run: Remembered, status: Remembered['status']): void {
    Object.assign(run, { status, touchedAt: this.#house.now, layerToldAt: null, preImagesToldAt: null })
  }

  /** Announcements count when they are in the log, for everybody to read. */
  #hear(): void {
    for (const { seq, type, at, payload } of this.#house.rooms.state.after(this.#seen, 10_000)) {
      this.#seen = seq
      if (type !== 'retention.announced') continue
      const { layers, preImages } = payload as { layers: { run: string }[]; preImages: { run: string }[] }
      for (const run of this.#runs) {
        if (layers.some((entry) => entry.run === run.id)) run.layerToldAt = at
        if (preImages.some((entry) => entry.run === run.id)) run.preImagesToldAt = at
      }
    }
  }

  /** What a round must have taken, children before parents. */
  #expectAfter(isPast: (run: Remembered, age: number) => boolean): void {
    for (const run of [...this.#runs].reverse()) {
      if (run.hasLayer && !run.pinned && isPast(run, 14 * DAY_MS) && !this.#children(run).some(({ hasLayer }) => hasLayer)) run.hasLayer = false
      if (run.hasWayBack && !run.pinned && isPast(run, 30 * DAY_MS)) run.hasWayBack = false
    }
    const { ledger } = this.#house.rooms
    expect(this.#runs.map(({ id }) => [id, ledger.row(id).layer !== null, ledger.row(id).preImagesGoneAt === null])).toEqual(
      this.#runs.map(({ id, status, hasLayer, hasWayBack }) => [id, hasLayer, status !== 'applied' || hasWayBack]))
  }

  /** Whatever happened: what is owned is there, and the project holds what was applied and nothing else. */
  #expectPresent(): void {
    const { ledger, state } = this.#house.rooms
    for (const run of this.#runs) {
      const { layer, status } = ledger.row(run.id)
      expect([run.id, layer !== null]).toEqual([run.id, run.hasLayer])
      expect(status).toBe(run.status === 'kept' && !run.hasLayer ? 'stale' : run.status)
      if (layer !== null) expect(fs.readFileSync(join(layer, 'upper', run.file), 'utf8')).toBe('after\n')
      expect(state.blobs.read(ledger.details(run.id).output ?? '').toString()).toBe(run.output)
      expect(fs.readFileSync(join(this.#house.project, run.file), 'utf8')).toBe(run.status === 'applied' ? 'after\n' : 'before\n')
      if (run.hasWayBack) expect(fs.readdirSync(join(this.#house.stateFolder, 'backups', run.id))).not.toEqual([])
    }
  }

  #children(run: Remembered): Remembered[] {
    return this.#runs.filter(({ parent }) => parent === run)
  }
}
