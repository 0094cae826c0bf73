/** Many layers as one: laid over the project, the one shows what the many show, also when the project has moved on. */
import fc from 'fast-check'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tree, work } from './changes/arbitrary.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { isRoot, Lab, type LayerMade } from './changes/lab.ts'
import { differences, type Entry } from './oracle.ts'
import { perform } from './changes/operations.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))
const seed = Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env.NEXUS_RUNS ?? (process.env.NEXUS_ENDURANCE === '1' ? 300 : 8))
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}), ${numRuns} runs, ${isRoot ? 'as root' : 'as a user'}`)

test(proves('random layers', 'RUN-7'), async ({ skip }) => {
  if (helper === null) return skip('needs gcc: apt-get install gcc libc6-dev')
  await fc.assert(fc.asyncProperty(tree, fc.array(work, { minLength: 2, maxLength: 4 }), work, work, async (before, steps, onHost, above) => {
    await using lab = new Lab(before)
    const stack: LayerMade[] = []
    for (const operations of steps) stack.unshift(lab.run({ operations }, stack))
    const [top, ...others] = stack
    if (!top) return
    const changes = await lab.changes(helper)
    const one = join(lab.folder, 'squashed')
    fs.mkdirSync(one)
    await changes.squash({ ...top.ground, parents: others.map(({ ground }) => ground.upper) }, one)
    const squashed: LayerMade = { ground: { ...top.ground, upper: one, parents: [] }, merged: top.merged }
    expect(differences(look(lab, stack), look(lab, [squashed]), { ignore })).toEqual([])

    // And twice over, with a layer above, and another project below.
    const twice = join(lab.folder, 'twice')
    fs.mkdirSync(twice)
    const higher = lab.run({ operations: above }, stack)
    await changes.squash({ ...higher.ground, parents: [one] }, twice)
    // Where nothing is below a folder any more, overlayfs lists the marks of what was removed from it as names that are not
    // there, with one layer as with many: what moves on below takes no folder away.
    // A user's squash shuts folders that a layer had made anew, so what the host puts into one of that name later is not seen there.
    if (isRoot) perform(lab.project, onHost.filter(({ do: what }) => !['remove', 'rename', 'become', 'open'].includes(what)))
    expect(differences(look(lab, [higher, ...stack]), look(lab, [{ ...squashed, ground: { ...squashed.ground, upper: twice } }]), { ignore })).toEqual([])
  }), { seed, numRuns, endOnFailure: process.env.CI !== undefined, interruptAfterTimeLimit: 100_000 })
}, 3600_000)

test('folders that moved stay where they are in the project: nothing is copied', async ({ skip }) => {
  if (helper === null) return skip('needs gcc: apt-get install gcc libc6-dev')
  if (!isRoot) return skip('needs root: overlayfs redirects folders only there')
  await using lab = new Lab([], 'mkdir -p big/deep; for i in 1 2 3; do echo $i > big/deep/$i; done; mkdir plain; echo p > plain/p')
  const first = lab.run({ shell: 'mv big moved; rm moved/deep/1' })
  const second = lab.run({ shell: 'mv moved/deep moved/low; mv moved final; echo new > final/low/new; rm -r plain; mkdir plain; echo q > plain/q' }, [first])
  const changes = await lab.changes(helper)
  const one = join(lab.folder, 'squashed')
  fs.mkdirSync(one)
  await changes.squash({ ...second.ground, parents: [first.ground.upper] }, one)
  expect(fs.readdirSync(join(one, 'final/low')).sort()).toEqual(['1', 'new'])
  const squashed = { ...second, ground: { ...second.ground, upper: one, parents: [] } }
  expect(differences(look(lab, [second, first]), look(lab, [squashed]), { ignore })).toEqual([])
  expect([...look(lab, [squashed]).keys()].filter((path) => path.startsWith('final/low/'))).toEqual(['final/low/2', 'final/low/3', 'final/low/new'])
})

/** What a run that does nothing sees. */
function look(lab: Lab, layers: readonly LayerMade[]): LayerMade['merged'] {
  return lab.run({}, layers).merged
}

/** A file has one name more, in the folder that holds them all; the top itself is that of the layer above. */
function ignore(path: string): readonly (keyof Entry)[] {
  return path === '.' ? ['links', 'mtimeNs'] : ['links']
}
