/** Properties of change sets, over real overlays. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { dirname } from 'node:path/posix'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { fromBytes } from '@nexus/protocol/bytes'
import type { Change, Conflict } from '@nexus/protocol/changes'
import { story } from './changes/arbitrary.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { isRoot, Lab, type LayerMade } from './changes/lab.ts'
import type { Operation } from './changes/operations.ts'
import { Workshop } from './changes/workshop.ts'
import { isEndurance, seed } from './crash/dice.ts'
import { differences, snapshot, type Entry, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
const workshop = new Workshop()
/** Five properties: 10,000 cases in all. */
const numRuns = Number(process.env.NEXUS_RUNS ?? (isEndurance ? 2000 : 25))
const counts = { cases: 0, changes: 0, 'refused for a pipe': 0 }
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}), ${numRuns} runs each, ${isRoot ? 'as root' : 'as a user'}`)
const settings = { seed, numRuns, endOnFailure: false, ...(isEndurance ? {} : { interruptAfterTimeLimit: 240_000 }) }
const PATIENCE_MS = isEndurance ? 6 * 3600_000 : 300_000
afterAll(() => {
  workshop[Symbol.dispose]()
  removeHelper(helper)
  console.log(`seed ${seed}: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`)
})

describe('with the native helper', () => {
  beforeEach(({ skip }) => { if (helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })

  test(proves('apply makes the host what the run saw, rollback makes it what it was', 'RUN-3', 'RUN-5'), async () => {
    await fc.assert(fc.asyncProperty(story, async ([before, operations]) => {
      await using lab = new Lab(before, undefined, { workshop })
      const look = eyesFor(lab, before, operations)
      const layer = lab.run({ operations, ...look.reading })
      const changes = await lab.changes(helper)
      const original = look.at()
      const changeSet = await changes.survey(layer.ground)
      expect(differences(original, look.at())).toEqual([])

      const selected = plain(changeSet.changes)
      const { conflicts } = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected, named: true })
      if (isRefusedForPipe(conflicts, changeSet.changes)) return void expect(differences(original, look.at())).toEqual([])
      expect(differences(withoutPipes(layer.merged, changeSet.changes), withoutPipes(look.at(), changeSet.changes), { ignore: merged(selected) })).toEqual([])

      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, look.at(), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, PATIENCE_MS)

  test(proves('any part, then the rest, is the whole', 'RUN-4'), async () => {
    await fc.assert(fc.asyncProperty(story, fc.infiniteStream(fc.boolean()), async ([before, operations], coin) => {
      await using lab = new Lab(before, undefined, { workshop })
      const look = eyesFor(lab, before, operations)
      const layer = lab.run({ operations, ...look.reading })
      const changes = await lab.changes(helper)
      const original = look.at()
      const changeSet = await changes.survey(layer.ground)
      const some = plain(changeSet.changes)
      const part = some.filter(() => coin.next().value)
      const first = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: part, named: true })
      if (isRefusedForPipe(first.conflicts, changeSet.changes)) return void expect(differences(original, look.at())).toEqual([])
      const done = new Set(first.applied.map((path) => JSON.stringify(path)))
      const rest = some.filter(({ path }) => !done.has(JSON.stringify(path)))
      const between = look.at()
      const second = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: rest, named: true })
      if (isRefusedForPipe(second.conflicts, changeSet.changes)) expect(differences(between, look.at())).toEqual([])
      else expect(differences(withoutPipes(layer.merged, changeSet.changes), withoutPipes(look.at(), changeSet.changes), { ignore: merged(some) })).toEqual([])

      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, look.at(), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, PATIENCE_MS)

  test(proves('one part removes something in a folder, the rest makes a file of what is above it: both go back', 'RUN-5'), async () => {
    await using lab = new Lab([], 'mkdir -p p/a; echo 1 >p/a/x; echo 2 >p/a/y')
    const layer = lab.run({ shell: 'rm -r p; echo file >p' })
    const changes = await lab.changes(helper)
    const original = snapshot(lab.project)
    const changeSet = await changes.survey(layer.ground)
    const selected = changeSet.changes.filter(({ path }) => path === 'p/a/x')
    expect(selected).toHaveLength(1)
    for (const part of [selected, changeSet.changes.filter(({ path }) => path !== 'p/a/x')]) expect((await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: part, named: true })).conflicts).toEqual([])
    expect(readFileSync(join(lab.project, 'p'), 'utf8')).toBe('file\n')
    expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
    expect(differences(original, snapshot(lab.project))).toEqual([])
  })

  test(proves('a folder with a time of the future: first its mode, then what is in it, and it has the time that the run left', 'RUN-4'), async () => {
    await using lab = new Lab([], 'mkdir d e; touch -d 2106-02-07 d e')
    const layer = lab.run({ shell: 'chmod 700 d e; echo x >d/x; echo x >e/x' })
    const changes = await lab.changes(helper)
    const changeSet = await changes.survey(layer.ground)
    const isFolder = ({ kind }: Change) => kind === 'meta'
    const apply = async (selected: Change[]) => expect((await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected, named: true })).conflicts).toEqual([])
    await apply(changeSet.changes.filter(isFolder))
    // Somebody works in one of them meanwhile: its time is his.
    writeFileSync(join(lab.project, 'e', 'of-the-host'), '')
    await apply(changeSet.changes.filter((change) => !isFolder(change)))
    const [host, run] = [snapshot(lab.project), layer.merged]
    expect(host.get('d')?.mtimeNs).toBe(run.get('d')?.mtimeNs)
    expect(host.get('e')?.mtimeNs).not.toBe(run.get('e')?.mtimeNs)
  })

  test('a run on top of a run applies after it and rolls back before it', async () => {
    await fc.assert(fc.asyncProperty(story, async ([before, one, other]) => {
      // What a pipe holds back from the host would be missing below the second run.
      const [first, second] = [one, other].map((work) => work.filter((operation) => operation.do !== 'fifo')) as [Operation[], Operation[]] // two in, two out
      await using lab = new Lab(before.filter((operation) => operation.do !== 'fifo'), undefined, { workshop })
      const look = eyesFor(lab, before, [...first, ...second])
      const a = lab.run({ operations: first, ...look.reading })
      const b = lab.run({ operations: second, ...look.reading }, [a])
      const changes = await lab.changes(helper)
      const original = look.at()
      const [setA, setB] = [await changes.survey(a.ground), await changes.survey(b.ground)]
      await applyAll(changes, 'ra', a, setA)
      const between = look.at()
      await applyAll(changes, 'rb', b, setB)
      expect(differences(b.merged, look.at(), { ignore: merged(setB.changes) })).toEqual([])

      expect(await changes.rollback({ run: 'rb', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(between, look.at(), { ignore: linked(between) })).toEqual([])
      expect(await changes.rollback({ run: 'ra', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, look.at(), { ignore: linked(original) })).toEqual([])

      // And both as one, made of the two change sets: the same as the layers themselves say.
      const ground = { ...b.ground, below: [], startedAtNs: a.ground.startedAtNs }
      const both = await changes.combine(ground, [setA.changes, setB.changes])
      expect(spans(both.changes)).toEqual(spans((await changes.survey({ ...ground, startedAtNs: BigInt(Date.now()) * 1_000_000n + 1_000_000_000n })).changes))
      await applyAll(changes, 'rc', { ...b, ground }, both)
      expect(differences(b.merged, look.at(), { ignore: timeless(merged(both.changes), original, a.ground.startedAtNs) })).toEqual([])
      expect(await changes.rollback({ run: 'rc', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, look.at(), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, PATIENCE_MS)

  test('the copy back end finds the same as its tree says', async () => {
    await fc.assert(fc.asyncProperty(story, async ([before, operations]) => {
      await using lab = new Lab(before, undefined, { workshop })
      const look = eyesFor(lab, before, operations)
      const ground = lab.copy({ operations })
      const changes = await lab.changes(helper)
      const original = look.at()
      const wanted = snapshot(ground.upper, look.reading)
      const changeSet = await changes.survey(ground)
      const selected = plain(changeSet.changes)
      const { conflicts } = await changes.apply({ run: 'r1', ground, changeSet, selected, named: true })
      if (isRefusedForPipe(conflicts, changeSet.changes)) return void expect(differences(original, look.at())).toEqual([])
      expect(differences(withoutPipes(wanted, changeSet.changes), withoutPipes(look.at(), changeSet.changes), { ignore: merged(selected) })).toEqual([])
      expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
      expect(differences(original, look.at(), { ignore: linked(original) })).toEqual([])
    }), settings)
  }, PATIENCE_MS)
})

test('with Node alone: the same, but times to the microsecond, and attributes are not seen', async () => {
  await fc.assert(fc.asyncProperty(story, async ([before, operations]) => {
    await using lab = new Lab(before, undefined, { workshop })
    const look = eyesFor(lab, [], [])
    const layer = lab.run({ operations })
    const changes = await lab.changes(null)
    const original = look.at()
    const changeSet = await changes.survey(layer.ground)
    const selected = plain(changeSet.changes)
    const { conflicts } = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected, named: true })
    if (isRefusedForPipe(conflicts, changeSet.changes)) return void expect(differences(original, look.at())).toEqual([])
    const [wanted, found] = [withoutPipes(layer.merged, changeSet.changes), withoutPipes(look.at(), changeSet.changes)]
    expect(differences(wanted, coarse(wanted, found), { ignore: merged(selected) })).toEqual([])
    expect(await changes.rollback({ run: 'r1', project: lab.project })).toMatchObject({ conflicts: [] })
    expect(differences(original, coarse(original, look.at()), { ignore: linked(original) })).toEqual([])
  }), settings)
}, PATIENCE_MS)

/** Attributes are only read where somebody set one: another program has to be started for it. */
function eyesFor(lab: Lab, ...all: readonly (readonly Operation[])[]): { reading: { xattrs: boolean }; at: () => Snapshot } {
  counts.cases += 1
  const reading = { xattrs: all.flat().some((operation) => operation.do === 'attribute') }
  return { reading, at: () => snapshot(lab.project, reading) }
}

/** Pipes are shown and never applied. */
function plain(changes: readonly Change[]): Change[] {
  counts.changes += changes.length
  return changes.filter(({ flags }) => !flags.includes('special'))
}

/** Neither pipes nor what comes or goes in the place of one. */
function withoutPipes(tree: Snapshot, changes: readonly Change[]): Snapshot {
  const left = new Set(changes.filter(({ flags }) => flags.includes('special')).flatMap(pathsOf))
  return new Map([...tree].filter(([path, { type }]) => type !== 'fifo' && !left.has(path)))
}

/** A directory cannot go while a pipe stands in it, nor come in the place of one, with all that it holds. Any other conflict is one too many. */
function isRefusedForPipe(conflicts: readonly Conflict[], changes: readonly Change[]): boolean {
  if (conflicts.length === 0) return false
  const pipes = changes.filter(({ flags }) => flags.includes('special')).flatMap(pathsOf)
  const below = (path: string) => pipes.some((pipe) => path.startsWith(`${pipe}/`))
  expect({ conflicts: conflicts.filter(({ reason, path }) => reason !== 'special' && !(reason === 'parent' && below(fromBytes(path).toString('latin1')))), pipes: pipes.length > 0 }).toEqual({ conflicts: [], pipes: true })
  counts['refused for a pipe'] += 1
  return true
}

async function applyAll(changes: Awaited<ReturnType<Lab['changes']>>, run: string, { ground }: LayerMade, changeSet: { changes: readonly Change[]; digest: string }): Promise<void> {
  expect(await changes.apply({ run, ground, changeSet, selected: changeSet.changes, named: true })).toMatchObject({ conflicts: [] })
}

/**
 * What a merged tree may differ in: link counts (copying up breaks links), owners inside a user namespace, and the
 * time of a directory in which nothing changed in the end.
 */
function merged(changes: readonly Change[]): (path: string) => readonly (keyof Entry)[] {
  const paths = changes.filter(({ kind }) => kind !== 'meta').flatMap(pathsOf)
  const touched = new Set(paths.map(dirname))
  const added = new Set(changes.filter(({ before, after }) => after?.type === 'directory' && before?.type !== 'directory').map(({ path }) => fromBytes(path).toString('latin1')))
  return (path) => ['links', 'uid', 'gid', ...(touched.has(path) || added.has(path) ? [] : (['mtimeNs'] as const))]
}

/**
 * A directory that had a time of the future is told apart from one that somebody worked in by its ctime alone, which the
 * rollback before has moved: it is given the time of the apply.
 */
function timeless(ignore: ReturnType<typeof merged>, original: Snapshot, startNs: bigint): ReturnType<typeof merged> {
  return (path) => [...ignore(path), ...((original.get(path)?.mtimeNs ?? 0n) >= startNs - 10_000_000n ? (['mtimeNs'] as const) : [])]
}

/**
 * What each path was and will be, however moves are told; the time of a directory that was is told as it was when it was sealed.
 * Extended attributes stand in no signature: where they alone came and went, two change sets cannot know that nothing is left
 * of it, and what the combined one does to them is seen on the host afterwards.
 */
function spans(changes: readonly Change[]): string[] {
  const side = (signature: Change['before']) => signature && { ...signature, ...(signature.type === 'directory' ? { mtimeNs: '' } : {}) }
  const ends = changes.flatMap(({ path, from, before, after }) => (from === undefined ? [{ path, before, after }] : [{ path: from, before, after: undefined }, { path, before: undefined, after }]))
  const told = ends.map(({ path, before, after }) => ({ path, before: side(before), after: after?.type === 'directory' && before?.type === 'directory' ? side(after) : after }))
  return told.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after)).map((end) => JSON.stringify(end)).sort()
}

function pathsOf({ path, from }: Change): string[] {
  return [path, ...(from === undefined ? [] : [from])].map((bytes) => fromBytes(bytes).toString('latin1'))
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
