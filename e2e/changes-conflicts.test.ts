/** A host that is not what the run saw is a conflict: all of them told at once, nothing written. */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Progress } from '@nexus/protocol/run-output'
import type { Outcome, Report } from '../daemon/src/changes/changes.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { Lab } from './changes/lab.ts'
import { OneRun } from './changes/one-run.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))

describe.each([['native', helper], ['node', null]] as const)('%s', (name, nativePath) => {
  beforeEach(({ skip }) => { if (name === 'native' && helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })
  // Node alone sets times to the microsecond only.
  const times = () => (nativePath === null ? ['mtimeNs' as const] : [])

  test(proves('everything that changed on the host is told at once, and nothing is written', 'RUN-4'), async () => {
    await using story = await Story.of(nativePath, {
      project: 'mkdir d e kept; echo 1 >edited; echo 2 >gone; echo 3 >moved-away; echo 4 >d/file; echo 5 >e/one; echo 6 >mode; echo s >turned; ln -s a link; echo m >kept/m',
      run: 'echo new >>edited; echo new >>gone; mv moved-away kept/; echo more >d/file; rm -r e; echo new >appeared; chmod 600 mode; echo x >>turned; ln -sfn b link; echo fine >fine; mkdir fresh; echo f >fresh/f',
    })
    story.lab.host('echo mine >>edited; rm gone; echo mine >>moved-away; mv d real; ln -s real d; echo mine >e/two; echo mine >appeared; chmod 755 mode; rm turned; mkdir turned; ln -sfn c link; echo mine >fresh')
    const host = snapshot(story.lab.project)
    const { applied, conflicts } = await story.apply()
    expect(applied).toEqual([])
    expect(conflicts.map(({ path, reason }) => [path, reason]).sort()).toEqual([
      ['appeared', 'appeared'], ['d/file', 'parent'], ['e', 'not-empty'], ['edited', 'changed'], ['fresh', 'appeared'], ['fresh/f', 'parent'],
      ['gone', 'vanished'], ['link', 'changed'], ['mode', 'changed'], ['moved-away', 'changed'], ['turned', 'changed'],
    ])
    expect(conflicts.find(({ path }) => path === 'edited')).toMatchObject({ expected: { type: 'file', size: 2 }, found: { type: 'file', size: 7 } })
    expect(differences(host, snapshot(story.lab.project))).toEqual([])
    expect(await story.changes.rollback({ run: 'r1', project: story.lab.project })).toEqual({ applied: [], conflicts: [] })
  })

  test(proves('a path that already is what the run made counts as applied and is not written', 'RUN-4'), async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >same; echo 2 >gone; mkdir d; echo 3 >other', run: 'echo new >same; rm gone; mkdir made; ln -s x link; echo 4 >other' })
    story.lab.host("echo new >same; touch -d 2001-02-03 same; rm gone; mkdir made; ln -s x link; touch -h -d 2001-02-03 link")
    const before = snapshot(story.lab.project)
    const ignored = nativePath === null ? (['mtimeNs'] as const) : []
    expect(await story.apply()).toEqual({ applied: ['gone', 'link', 'made', 'other', 'same'], conflicts: [] })
    const ignore = (path: string) => (path === 'other' ? (['sha256', 'mtimeNs'] as const) : path === '.' ? (['mtimeNs'] as const) : [])
    expect(differences(before, snapshot(story.lab.project), { ignore })).toEqual([])
    // Rolling back leaves alone what was the host's own doing.
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(before, snapshot(story.lab.project), { ignore: () => ignored })).toEqual([])
  })

  test('new times and owners alone are no conflict', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file; mkdir d; echo 2 >d/f', run: 'echo 2 >file; rm -r d' })
    story.lab.host('touch file d d/f')
    expect((await story.apply()).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project)).toEqual(['file'])
  })

  test('what moved under the run is a conflict, however equal it looks', async () => {
    await using lab = new Lab([], 'echo 1 >seen; echo 1 >untouched')
    const layer = lab.run({ shell: `echo 2 >>seen; echo host >>'${lab.project}/seen'; echo host >>'${lab.project}/untouched'` })
    const changes = await lab.changes(nativePath)
    const changeSet = await changes.survey(layer.ground)
    expect(changeSet.changes.map(({ path, kind, flags }) => [path, kind, flags])).toEqual([['seen', 'modified', ['base-moved']]])
    const { conflicts } = await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: changeSet.changes, named: true })
    expect(conflicts).toMatchObject([{ path: 'seen', reason: 'base-moved' }])
  })

  test('a hard link is broken only for a path that a person named', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >h1; ln h1 h2; echo 3 >g1; ln g1 g2; echo 5 >gone1; ln gone1 gone2', run: 'echo 2 >>h1; mv g1 g3; rm gone1' })
    expect(story.changeSet.changes.map(({ path, kind, flags }) => [path, kind, flags])).toEqual([['g3', 'renamed', ['hardlink']], ['gone1', 'deleted', []], ['h1', 'modified', ['hardlink']]])
    expect((await story.apply({ named: false })).conflicts.map(({ path, reason }) => [path, reason])).toEqual([['g1', 'hardlink'], ['h1', 'hardlink']])
    expect((await story.apply({ named: true })).conflicts).toEqual([])
    const read = (path: string) => fs.readFileSync(join(story.lab.project, path), 'utf8')
    expect([read('h1'), read('h2'), read('g2'), read('g3'), read('gone2')]).toEqual(['1\n2\n', '1\n', '3\n', '3\n', '5\n'])
  })

  test('pipes and sockets are never applied, and the rest can be', async () => {
    await using story = await Story.of(nativePath, { project: 'mkfifo old', run: 'mkfifo pipe; rm old; echo x >file' })
    expect((await story.apply()).conflicts.map(({ path, reason }) => [path, reason])).toEqual([['old', 'special'], ['pipe', 'special']])
    expect(await story.apply({ paths: ['file'] })).toEqual({ applied: ['file'], conflicts: [] })
  })

  test('a layer that is no longer what was reviewed is not applied', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file; mkdir d', run: 'echo 2 >file; echo n >d/new' })
    const before = snapshot(story.lab.project)
    fs.writeFileSync(join(story.ground.upper, 'file'), '3\n')
    await expect(story.apply()).rejects.toMatchObject({ code: 'io' })
    expect(differences(before, snapshot(story.lab.project), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
    expect(await story.changes.recover()).toEqual([])
  })

  test(proves('rollback is refused where the host was worked on since', 'RUN-5'), async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file; mkdir d; echo 2 >d/f', run: 'echo 2 >file; rm -r d; mkdir new; echo n >new/n' })
    expect((await story.apply()).conflicts).toEqual([])
    story.lab.host('echo mine >>file; echo mine >new/mine')
    const host = snapshot(story.lab.project)
    expect((await story.rollback()).conflicts.map(({ path, reason }) => [path, reason]).sort()).toEqual([['file', 'changed'], ['new', 'not-empty']])
    expect(differences(host, snapshot(story.lab.project))).toEqual([])
    story.lab.host('printf "2\\n" >file; rm new/mine')
    expect((await story.rollback()).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['d', 'file'])
  })

  test('what a selection needs comes along', async () => {
    await using story = await Story.of(nativePath, {
      project: 'mkdir -p old/in .git; echo 1 >old/in/f; echo 2 >old/g; echo ref >.git/HEAD; echo i >.git/index',
      run: 'mkdir -p new/deep; echo n >new/deep/f; echo n >new/other; mv old/g moved; rm -r old; echo r >.git/HEAD; echo o >.git/object; echo i2 >.git/index',
    })
    expect(await story.apply({ paths: ['new/deep/f'] })).toMatchObject({ applied: ['new', 'new/deep', 'new/deep/f'] })
    expect(await story.apply({ paths: ['.git/HEAD'] })).toMatchObject({ applied: ['.git/HEAD', '.git/index', '.git/object'] })
    expect(await story.apply({ paths: ['old'] })).toMatchObject({ applied: ['moved', 'old', 'old/in', 'old/in/f'] })
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['.git', 'moved', 'new'])
    expect((await story.rollback()).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['.git', 'old'])
  })

  test('two applies at once take turns', async () => {
    await using lab = new Lab([], 'echo 0 >a; echo 0 >b')
    const changes = await lab.changes(nativePath)
    const layers = [lab.run({ shell: 'echo 1 >a' }), lab.run({ shell: 'echo 1 >b' }), lab.run({ shell: 'echo 2 >a' })]
    const outcomes = await Promise.all(layers.map(async ({ ground }, index) => {
      const changeSet = await changes.survey(ground)
      return await changes.apply({ run: `r${index}`, ground, changeSet, selected: changeSet.changes, named: true })
    }))
    // Two wrote a: the first to come wins, the other is told.
    expect(outcomes.map(({ conflicts }) => conflicts.length).sort()).toEqual([0, 0, 1])
    expect(fs.readFileSync(join(lab.project, 'b'), 'utf8')).toBe('1\n')
  })

  test('a pre-image is the very file that gave way; after a rollback it has one name again', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file; echo 1 >gone; echo 1 >two; ln two names', run: 'echo 2 >file; rm gone; echo 2 >two' })
    const file = join(story.lab.project, 'file')
    const before = fs.statSync(file).ino
    expect((await story.apply({ named: true })).conflicts).toEqual([])
    expect(fs.statSync(file)).toMatchObject({ nlink: 1 })
    expect((await story.rollback()).conflicts).toEqual([])
    expect(fs.statSync(file)).toMatchObject({ ino: before, nlink: 1 })
    expect(fs.statSync(join(story.lab.project, 'gone')).nlink).toBe(1)
  })

  test('a program that still writes to the file that gave way makes its pre-image another: a conflict, and nothing is lost', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file', run: 'echo 2 >file' })
    const late = fs.openSync(join(story.lab.project, 'file'), 'a')
    expect((await story.apply()).conflicts).toEqual([])
    fs.writeSync(late, 'late\n')
    fs.closeSync(late)
    const host = snapshot(story.lab.project)
    await expect(story.rollback()).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('"file" was written to after the apply') as unknown })
    expect(differences(host, snapshot(story.lab.project), { ignore: times })).toEqual([])
  })

  test('pre-images on another file system than the project are copies', async ({ skip }) => {
    if (!fs.existsSync('/dev/shm') || fs.statSync('/dev/shm').dev === fs.statSync(tmpdir()).dev) skip('needs /dev/shm as a file system of its own')
    await using story = await Story.of(nativePath, { project: 'echo 1 >file; mkdir d; echo 2 >d/f', run: 'echo 2 >file; rm -r d', stateIn: '/dev/shm' })
    const original = snapshot(story.lab.project)
    expect((await story.apply()).conflicts).toEqual([])
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(original, snapshot(story.lab.project), { ignore: times })).toEqual([])
  })

  test('who waits for an apply is told how far it is, phase by phase', async () => {
    await using story = await Story.of(nativePath, { project: 'for i in $(seq 600); do echo 1 >f$i; done', run: 'for i in $(seq 600); do echo 2 >f$i; done' })
    const seen: Progress[] = []
    expect((await story.apply({ report: (progress) => seen.push(progress) })).conflicts).toEqual([])
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['saving', 'staging', 'changing'])
    for (const phase of ['saving', 'staging', 'changing']) expect(seen.filter((entry) => entry.phase === phase).map(({ done, total }) => [done, total])).toEqual([[256, 600], [512, 600], [600, 600]])
  })

  test('pre-images can be forgotten with their journals; whoever lost only the pre-images is told so', async () => {
    await using story = await Story.of(nativePath, { project: 'echo 1 >file', run: 'echo 2 >file' })
    expect((await story.apply()).conflicts).toEqual([])
    fs.renameSync(join(story.lab.state, 'backups/r1'), join(story.lab.state, 'lost'))
    await expect(story.rollback()).rejects.toMatchObject({ code: 'pre-images-gone' })
    fs.renameSync(join(story.lab.state, 'lost'), join(story.lab.state, 'backups/r1'))
    await story.changes.dropBackups('r1')
    expect(['applies', 'backups'].flatMap((name) => fs.readdirSync(join(story.lab.state, name)))).toEqual([])
    expect(fs.readFileSync(join(story.lab.project, 'file'), 'utf8')).toBe('2\n')
  })
})

/** What may be done with it. */
class Story extends OneRun {
  static async of(nativePath: string | null, { project, run, stateIn }: { project: string; run: string; stateIn?: string }): Promise<Story> {
    const lab = new Lab([], project, stateIn === undefined ? {} : { stateIn })
    const { ground } = lab.run({ shell: run })
    const changes = await lab.changes(nativePath)
    return new Story({ lab, ground, changes, changeSet: await changes.survey(ground) })
  }

  apply({ named = true, paths, ...more }: { named?: boolean; paths?: readonly Bytes[]; report?: Report } = {}): Promise<Outcome> {
    const selected = this.changeSet.changes.filter(({ path }) => !paths || paths.includes(path))
    return this.changes.apply({ run: 'r1', ground: this.ground, changeSet: this.changeSet, selected, named, ...more })
  }
}
