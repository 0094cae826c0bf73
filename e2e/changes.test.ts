/** Properties of change sets, over real overlays. */
import fc from 'fast-check'
import { dirname } from 'node:path/posix'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { fromBytes } from '@nexus/protocol/bytes'
import type { Change } from '@nexus/protocol/changes'
import { tree, work } from './changes/arbitrary.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { isRoot, Lab, type LayerMade } from './changes/lab.ts'
import { differences, snapshot, type Entry, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))
const seed = Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env.NEXUS_RUNS ?? (process.env.NEXUS_ENDURANCE === '1' ? 200 : 25))
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}), ${numRuns} runs each, ${isRoot ? 'as root' : 'as a user'}`)
const settings = { seed, numRuns, endOnFailure: false, interruptAfterTimeLimit: 240_000 }

describe('with the native helper', () => {
  beforeEach(({ skip }) => { if (helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })
  test(proves('apply makes the host what the run saw, rollback makes it what it was', 'RUN-3', 'RUN-5'), async () => {
    await fc.assert(fc.asyncProperty(tree, work, async (before, operations) => {
      await using lab = new Lab(before)
      const layer = lab.run({ operations })
      const changes = await lab.changes(helper)
      const original = snapshot(lab.project, { xattrs: false })
      const changeSet = await changes.survey(layer.ground)
      expect(differences(original, snapshot(lab.project, { xattrs: false }))).toEqual([])

      expect(await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: changeSet.changes, named: true })).toMatchObject({ conflicts: [] })
      expect(differences(layer.merged, snapshot(lab.project, { xattrs: false }), { ignore: merged(changeSet.changes) })).toEqual([])

      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, snapshot(lab.project, { xattrs: false }), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, 300_000)

  test(proves('any part, then the rest, is the whole', 'RUN-4'), async () => {
    await fc.assert(fc.asyncProperty(tree, work, fc.infiniteStream(fc.boolean()), async (before, operations, coin) => {
      await using lab = new Lab(before)
      const layer = lab.run({ operations })
      const changes = await lab.changes(helper)
      const original = snapshot(lab.project, { xattrs: false })
      const changeSet = await changes.survey(layer.ground)
      const part = changeSet.changes.filter(() => coin.next().value)
      const first = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: part, named: true })
      expect(first.conflicts).toEqual([])
      const done = new Set(first.applied.map((path) => JSON.stringify(path)))
      const rest = changeSet.changes.filter(({ path }) => !done.has(JSON.stringify(path)))
      expect(await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: rest, named: true })).toMatchObject({ conflicts: [] })
      expect(differences(layer.merged, snapshot(lab.project, { xattrs: false }), { ignore: merged(changeSet.changes) })).toEqual([])

      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, snapshot(lab.project, { xattrs: false }), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, 300_000)

  test('a run on top of a run applies after it and rolls back before it', async () => {
    await fc.assert(fc.asyncProperty(tree, work, work, async (before, first, second) => {
      await using lab = new Lab(before)
      const a = lab.run({ operations: first })
      const b = lab.run({ operations: second }, [a])
      const changes = await lab.changes(helper)
      const original = snapshot(lab.project, { xattrs: false })
      const [setA, setB] = [await changes.survey(a.ground), await changes.survey(b.ground)]
      await applyAll(changes, 'ra', a, setA)
      const between = snapshot(lab.project, { xattrs: false })
      await applyAll(changes, 'rb', b, setB)
      expect(differences(b.merged, snapshot(lab.project, { xattrs: false }), { ignore: merged(setB.changes) })).toEqual([])

      expect(await changes.rollback({ run: 'rb', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(between, snapshot(lab.project, { xattrs: false }), { ignore: linked(between) })).toEqual([])
      expect(await changes.rollback({ run: 'ra', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, snapshot(lab.project, { xattrs: false }), { ignore: linked(original) })).toEqual([])

      // And both as one, made of the two change sets: the same as the layers themselves say.
      const ground = { ...b.ground, below: [], startedAtNs: a.ground.startedAtNs }
      const both = await changes.combine(ground, [setA.changes, setB.changes])
      expect(spans(both.changes)).toEqual(spans((await changes.survey({ ...ground, startedAtNs: BigInt(Date.now()) * 1_000_000n + 1_000_000_000n })).changes))
      await applyAll(changes, 'rc', { ...b, ground }, both)
      expect(differences(b.merged, snapshot(lab.project, { xattrs: false }), { ignore: merged(both.changes) })).toEqual([])
      expect(await changes.rollback({ run: 'rc', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, snapshot(lab.project, { xattrs: false }), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, 300_000)

  test('the copy back end finds the same as its tree says', async () => {
    await fc.assert(fc.asyncProperty(tree, work, async (before, operations) => {
      await using lab = new Lab(before)
      const ground = lab.copy({ operations })
      const changes = await lab.changes(helper)
      const original = snapshot(lab.project, { xattrs: false })
      const wanted = snapshot(ground.upper, { xattrs: false })
      const changeSet = await changes.survey(ground)
      expect(await changes.apply({ run: 'r1', ground, changeSet, selected: changeSet.changes, named: true })).toMatchObject({ conflicts: [] })
      expect(differences(wanted, snapshot(lab.project, { xattrs: false }), { ignore: merged(changeSet.changes) })).toEqual([])
      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, snapshot(lab.project, { xattrs: false }), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, 300_000)
})

test('with Node alone: the same, but times to the microsecond', async () => {
  await fc.assert(fc.asyncProperty(tree, work, async (before, operations) => {
    await using lab = new Lab(before)
    const layer = lab.run({ operations })
    const changes = await lab.changes(null)
    const original = snapshot(lab.project, { xattrs: false })
    const changeSet = await changes.survey(layer.ground)
    expect(await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: changeSet.changes, named: true })).toMatchObject({ conflicts: [] })
    expect(differences(layer.merged, coarse(layer.merged, snapshot(lab.project, { xattrs: false })), { ignore: merged(changeSet.changes) })).toEqual([])
    expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
    expect(differences(original, coarse(original, snapshot(lab.project, { xattrs: false })), { ignore: linked(original) })).toEqual([])
  }), { ...settings, numRuns: Math.ceil(numRuns / 2) })
}, 300_000)

async function applyAll(changes: Awaited<ReturnType<Lab['changes']>>, run: string, { ground }: LayerMade, changeSet: { changes: readonly Change[]; digest: string }): Promise<void> {
  expect(await changes.apply({ run, ground, changeSet, selected: changeSet.changes, named: true })).toMatchObject({ conflicts: [] })
}

/**
 * What a merged tree may differ in: link counts (copying up breaks links), owners inside a user namespace, and the
 * time of a directory in which nothing changed in the end.
 */
function merged(changes: readonly Change[]): (path: string) => readonly (keyof Entry)[] {
  const paths = changes.filter(({ kind }) => kind !== 'meta').flatMap(({ path, from }) => [path, ...(from === undefined ? [] : [from])]).map((path) => fromBytes(path).toString('latin1'))
  const touched = new Set(paths.map(dirname))
  const added = new Set(changes.filter(({ before, after }) => after?.type === 'directory' && before?.type !== 'directory').map(({ path }) => fromBytes(path).toString('latin1')))
  return (path) => ['links', 'uid', 'gid', ...(touched.has(path) || added.has(path) ? [] : (['mtimeNs'] as const))]
}

/** What each path was and will be, however moves are told; the time of a directory that was is told as it was when it was sealed. */
function spans(changes: readonly Change[]): string[] {
  const side = (signature: Change['before']) => signature && { ...signature, ...(signature.type === 'directory' ? { mtimeNs: '' } : {}) }
  const ends = changes.flatMap(({ path, from, before, after }) => (from === undefined ? [{ path, before, after }] : [{ path: from, before, after: undefined }, { path, before: undefined, after }]))
  return ends.map(({ path, before, after }) => JSON.stringify({ path, before: side(before), after: after?.type === 'directory' && before?.type === 'directory' ? side(after) : after })).sort()
}

/** A name of a hard-linked file that went and came back is a file of its own. */
function linked(original: Snapshot): (path: string) => readonly (keyof Entry)[] {
  return (path) => ((original.get(path)?.links ?? 1) > 1 ? ['links'] : [])
}

/** Times that Node can only set to the microsecond count as kept when they are that close. */
function coarse(expected: Snapshot, found: Snapshot): Snapshot {
  return new Map([...found].map(([path, entry]) => {
    const wanted = expected.get(path)?.mtimeNs ?? 0n
    const isClose = wanted - entry.mtimeNs < 2000n && entry.mtimeNs - wanted < 2000n
    return [path, isClose ? { ...entry, mtimeNs: wanted } : entry]
  }))
}
