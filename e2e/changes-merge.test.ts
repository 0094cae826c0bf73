/** Conflicts settled path by path: what is offered, what is shown, what is written, and the way back. */
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Choice, OpenConflict } from '@nexus/protocol/changes'
import type { MergeOrder, Outcome, Proposal } from '../daemon/src/changes/changes.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { Lab } from './changes/lab.ts'
import { OneRun } from './changes/one-run.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))

const TEN = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done'

describe.each([['native', helper], ['node', null]] as const)('%s', (name, nativePath) => {
  beforeEach(({ skip }) => { if (name === 'native' && helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })

  test(proves('edits in different places are merged, shown before they are written, and taken back to the host as it was', 'RUN-4', 'RUN-5'), async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >text; chmod 640 text; echo 1 >other`, run: 'sed -i "s/line 9/run 9/" text; echo 2 >other' })
    story.lab.host('sed -i "s/line 2/host 2/" text; touch -d 2001-02-03T04:05:06.789 text')
    const host = story.look()
    expect(await story.offers()).toEqual([['text', 'changed', 'clean', ['merge', 'take', 'keep', 'skip']]])
    const proposal = await story.propose()
    expect(differences(host, story.look())).toEqual([])
    expect(proposal.patch).toContain('-line 9\n+run 9\n')
    expect(proposal.patch).not.toContain('2')
    expect(proposal.changes.map(({ path, kind }) => [path, kind])).toEqual([['other', 'modified'], ['text', 'modified']])
    expect(proposal.digest).not.toBe(story.changeSet.digest)
    expect(await story.apply(proposal)).toEqual({ applied: ['other', 'text'], conflicts: [] })
    expect(story.lines('text')).toEqual(['line 1', 'host 2', ...[3, 4, 5, 6, 7, 8].map((at) => `line ${at}`), 'run 9', 'line 10'])
    expect(fs.statSync(join(story.lab.project, 'text')).mode & 0o7777).toBe(0o640)
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test(proves('overlapping edits are never written: markers stand in a preview only', 'RUN-4'), async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >text`, run: 'sed -i "s/line 5/run 5/" text' })
    story.lab.host('sed -i "s/line 5/host 5/" text')
    const host = story.look()
    const [conflict] = (await story.report()).conflicts
    expect(conflict).toMatchObject({ merge: 'overlaps', overlaps: 1, choices: ['take', 'keep', 'skip'], expected: { size: 71 }, found: { size: 71 }, after: { size: 70 } })
    expect(conflict?.patches?.merged).toContain('+<<<<<<< the host has\n host 5\n+||||||| the run saw\n+line 5\n+=======\n+run 5\n+>>>>>>> the run wrote\n')
    expect(conflict?.patches?.host).toContain('-line 5\n+host 5\n')
    expect(conflict?.patches?.run).toContain('-line 5\n+run 5\n')
    expect(conflict?.patches?.taken).toContain('-host 5\n+run 5\n')
    const proposal = await story.propose()
    expect({ digest: proposal.digest, changes: proposal.changes, open: proposal.conflicts.map(({ path }) => path) }).toEqual({ digest: null, changes: [], open: ['text'] })
    expect(differences(host, story.look())).toEqual([])
  })

  test(proves("the host's version is replaced only where a person took the run's, and a rollback brings it back", 'RUN-4', 'RUN-5'), async () => {
    await using story = await Story.of(nativePath, {
      project: `for f in a b c gone dropped; do ${TEN} >$f; done; ln -s x link; echo s >turned; mkdir folder; echo 1 >mode; chmod 644 mode`,
      run: 'for f in a b c gone; do sed -i "s/line 5/run 5/" $f; done; rm dropped; ln -sfn run link; rm turned; mkdir turned; echo in >turned/in; echo new >appeared; printf "\\0run" >binary; chmod 600 mode',
    })
    story.lab.host('for f in a b c dropped; do sed -i "s/line 5/host 5/" $f; done; rm gone; ln -sfn host link; echo mine >turned; echo mine >appeared; printf "\\0host" >binary; chmod 755 mode')
    const host = story.look()
    expect(await story.offers()).toEqual([
      ['a', 'changed', 'overlaps', ['take', 'keep', 'skip']], ['appeared', 'appeared', 'none', ['take', 'keep', 'skip']], ['b', 'changed', 'overlaps', ['take', 'keep', 'skip']],
      ['binary', 'appeared', 'none', ['take', 'keep', 'skip']], ['c', 'changed', 'overlaps', ['take', 'keep', 'skip']], ['dropped', 'changed', 'none', ['take', 'keep', 'skip']],
      ['gone', 'vanished', 'none', ['take', 'keep', 'skip']], ['link', 'changed', 'none', ['take', 'keep', 'skip']], ['mode', 'changed', 'none', ['take', 'keep', 'skip']],
      ['turned', 'changed', 'none', ['take', 'keep', 'skip']], ['turned/in', 'parent', 'none', ['keep', 'skip']],
    ])
    const taken = ['a', 'appeared', 'binary', 'dropped', 'gone', 'link', 'mode', 'turned']
    const proposal = await story.propose({ ...Object.fromEntries(taken.map((path) => [path, 'take'] as const)), b: 'keep', c: 'skip' })
    expect({ conflicts: proposal.conflicts, kept: proposal.kept }).toEqual({ conflicts: [], kept: ['b'] })
    expect((await story.apply(proposal)).conflicts).toEqual([])
    expect([story.lines('a')[4], story.lines('b')[4], story.lines('c')[4]]).toEqual(['run 5', 'host 5', 'host 5'])
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['a', 'appeared', 'b', 'binary', 'c', 'folder', 'gone', 'link', 'mode', 'turned'])
    expect([fs.readlinkSync(join(story.lab.project, 'link')), story.lines('turned/in'), story.lines('appeared'), fs.statSync(join(story.lab.project, 'mode')).mode & 0o777]).toEqual(['run', ['in'], ['new'], 0o600])
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test('a host that goes on changing after the proposal is a conflict again', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >text; ${TEN} >more`, run: 'sed -i "s/line 9/run 9/" text more' })
    story.lab.host('sed -i "s/line 2/host 2/" text')
    const proposal = await story.propose()
    story.lab.host('sed -i "s/line 4/host 4/" text')
    const host = story.look()
    expect((await story.apply(proposal)).conflicts.map(({ path, reason }) => [path, reason])).toEqual([['text', 'changed']])
    expect(differences(host, story.look())).toEqual([])
    expect((await story.apply(await story.propose())).conflicts).toEqual([])
    expect([story.lines('text')[1], story.lines('text')[3], story.lines('text')[8]]).toEqual(['host 2', 'host 4', 'run 9'])
  })

  test('merged bytes that are not the approved ones any more are not written', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >text`, run: 'sed -i "s/line 9/run 9/" text' })
    story.lab.host('sed -i "s/line 2/host 2/" text')
    const proposal = await story.propose()
    const host = story.look()
    const folder = join(story.folder, proposal.digest ?? '')
    for (const file of fs.readdirSync(folder)) fs.appendFileSync(join(folder, file), 'sneaked in\n')
    await expect(story.apply(proposal)).rejects.toMatchObject({ code: 'io' })
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test('what changed under the run is no base: nothing is merged over it, and the run must be taken by name', async () => {
    await using lab = new Lab([], `${TEN} >text`)
    await using story = await Story.in(lab, nativePath, `sed -i "s/line 9/run 9/" text; sed -i "s/line 2/host 2/" '${lab.project}/text'`)
    expect(await story.offers()).toEqual([['text', 'base-moved', 'none', ['take', 'keep', 'skip']]])
    const [conflict] = (await story.report()).conflicts
    expect({ why: conflict?.why, sides: Object.keys(conflict?.patches ?? {}) }).toEqual({ why: 'what the run saw is not known: the file changed while the command ran', sides: ['taken'] })
    expect((await story.propose()).digest).toBeNull()
    expect(story.lines('text')[1]).toBe('host 2')
    const host = story.look()
    expect((await story.apply(await story.propose({ text: 'take' }))).conflicts).toEqual([])
    expect([story.lines('text')[1], story.lines('text')[8]]).toEqual(['line 2', 'run 9'])
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test('without what the run saw there are two sides only, and that is said', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >text`, run: 'sed -i "s/line 9/run 9/" text', keeps: false })
    story.lab.host('sed -i "s/line 2/host 2/" text')
    const [conflict] = (await story.report()).conflicts
    expect({ merge: conflict?.merge, why: conflict?.why, sides: Object.keys(conflict?.patches ?? {}) }).toEqual({ merge: 'none', why: 'what the run saw was not kept', sides: ['taken'] })
    expect(conflict?.patches?.taken).toContain('-host 2\n+line 2\n')
  })

  test('bytes stay as they are: other line ends, no line end, no UTF-8; NUL and size are limits', async () => {
    await using story = await Story.of(nativePath, {
      project: 'printf "a\\r\\nb\\r\\nc\\r\\nd\\r\\n" >crlf; printf "a\\nb\\nc\\nd" >open; printf "\\377\\nb\\nc\\n\\200\\n" >bytes; printf "a\\0\\nb\\nc\\nd\\n" >binary; seq 200000 >large; seq 90000 >long',
      run: 'for f in crlf open bytes binary; do sed -i "1s/^/run /" $f; done; sed -i "3s/^/run /" large long',
    })
    story.lab.host('for f in crlf open bytes binary; do sed -i "\\$s/^/host /" $f; done; sed -i "50000s/^/host /" large long')
    expect((await story.offers()).map(([path, , merge]) => [path, merge])).toEqual([['binary', 'none'], ['bytes', 'clean'], ['crlf', 'clean'], ['large', 'none'], ['long', 'clean'], ['open', 'clean']])
    expect((await story.report()).conflicts.filter(({ merge }) => merge === 'none').map(({ path, why }) => [path, why])).toEqual([['binary', 'what the run saw was not kept'], ['large', 'it is too large']])
    expect((await story.apply(await story.propose({ binary: 'skip', large: 'skip' }))).conflicts).toEqual([])
    const bytes = (path: string) => fs.readFileSync(join(story.lab.project, path), 'latin1')
    expect([bytes('crlf'), bytes('open'), bytes('bytes'), bytes('binary')]).toEqual(['run a\r\nb\r\nc\r\nhost d\r\n', 'run a\nb\nc\nhost d', 'run \xff\nb\nc\nhost \x80\n', 'a\0\nb\nc\nhost d\n'])
    expect([story.lines('long')[2], story.lines('long')[49_999], story.lines('long').length, story.lines('large')[2]]).toEqual(['run 3', 'host 50000', 90_000, '3'])
  })

  test('a moved file takes the edits of the host along; mode and content merge each for itself', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >old; ${TEN} >tool; ${TEN} >same`, run: 'mv old new; chmod 755 tool; sed -i "s/line 9/run 9/" same' })
    story.lab.host('sed -i "s/line 2/host 2/" old tool same; sed -i "s/line 9/run 9/" same')
    const host = story.look()
    expect((await story.offers()).map(([path, , merge]) => [path, merge])).toEqual([['old', 'clean'], ['same', 'clean'], ['tool', 'clean']])
    expect((await story.apply(await story.propose())).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['new', 'same', 'tool'])
    expect([story.lines('new')[1], story.lines('tool')[1], fs.statSync(join(story.lab.project, 'tool')).mode & 0o777, story.lines('same')[1]]).toEqual(['host 2', 'host 2', 0o755, 'host 2'])
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test('a moved file whose two ends are both taken on the host: each end is restored', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >old`, run: 'mv old new' })
    story.lab.host('echo mine >old; echo mine too >new')
    const host = story.look()
    expect((await story.offers()).map(([path, reason, merge]) => [path, reason, merge])).toEqual([['new', 'appeared', 'none'], ['old', 'changed', 'none']])
    expect((await story.apply(await story.propose({ new: 'take' }))).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project)).toEqual(['new'])
    expect(story.lines('new')).toHaveLength(10)
    expect((await story.rollback()).conflicts).toEqual([])
    expect(differences(host, story.look(), { ignore: () => (nativePath === null ? ['mtimeNs'] : []) })).toEqual([])
  })

  test('a directory stays while something in it is kept; a choice for a directory holds below it', async () => {
    await using story = await Story.of(nativePath, { project: 'mkdir -p d/e f; echo 1 >d/e/kept; echo 2 >d/gone; echo 3 >f/one; echo 4 >f/two; echo 5 >f/three', run: 'rm -r d; for f in one two three; do echo run >f/$f; done' })
    story.lab.host('echo mine >d/e/kept; echo mine >f/one; echo mine >f/two')
    const proposal = await story.propose({ 'd/e/kept': 'keep', f: 'take', 'f/two': 'skip' })
    expect(proposal.resolved).toEqual([{ path: 'd', choice: 'keep' }, { path: 'd/e', choice: 'keep' }, { path: 'd/e/kept', choice: 'keep' }, { path: 'f/one', choice: 'take' }, { path: 'f/two', choice: 'skip' }])
    expect((await story.apply(proposal)).conflicts).toEqual([])
    expect([fs.readdirSync(join(story.lab.project, 'd')), story.lines('d/e/kept'), story.lines('f/one'), story.lines('f/two'), story.lines('f/three')]).toEqual([['e'], ['mine'], ['run'], ['mine'], ['run']])
  })

  test('what the host put into a directory that would go is never removed', async () => {
    await using story = await Story.of(nativePath, { project: 'mkdir d; echo 1 >d/one', run: 'rm -r d; echo x >x' })
    story.lab.host('echo mine >d/two')
    expect(await story.offers()).toEqual([['d', 'not-empty', 'none', ['keep', 'skip']]])
    expect((await story.propose({ d: 'take' })).digest).toBeNull()
    expect((await story.apply(await story.propose({ d: 'keep' }))).conflicts).toEqual([])
    expect(fs.readdirSync(story.lab.project).sort()).toEqual(['d', 'x'])
    expect(fs.readdirSync(join(story.lab.project, 'd'))).toEqual(['two'])
  })

  test('a repository is one group: its files are not merged, and stay or come together', async () => {
    await using story = await Story.of(nativePath, { project: `mkdir .git; ${TEN} >.git/config; echo a >.git/HEAD`, run: 'sed -i "s/line 9/run 9/" .git/config; echo b >.git/HEAD; echo x >x' })
    story.lab.host('sed -i "s/line 2/host 2/" .git/config')
    expect(await story.offers()).toEqual([['.git/config', 'changed', 'none', ['take', 'keep', 'skip']]])
    const proposal = await story.propose({ '.git/config': 'keep' })
    expect({ changes: proposal.changes.map(({ path }) => path), kept: proposal.kept }).toEqual({ changes: ['x'], kept: ['.git/HEAD', '.git/config'] })
  })

  test('a hard link is broken only by taking, never by merging', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >one; ln one two`, run: 'sed -i "s/line 9/run 9/" one' })
    story.lab.host('sed "s/line 2/host 2/" one >new; cat new >one; rm new')
    expect(await story.offers()).toEqual([['one', 'changed', 'none', ['take', 'keep', 'skip']]])
    expect((await story.apply(await story.propose({ one: 'take' }))).conflicts).toEqual([])
    expect([story.lines('one')[8], story.lines('two')[1], story.lines('two')[8]]).toEqual(['run 9', 'host 2', 'line 9'])
  })

  test('skipping the rest leaves it for later', async () => {
    await using story = await Story.of(nativePath, { project: `${TEN} >a; ${TEN} >b; echo 1 >c`, run: 'sed -i "s/line 5/run 5/" a b; echo 2 >c' })
    story.lab.host('sed -i "s/line 5/host 5/" a; sed -i "s/line 1/host 1/" b')
    const proposal = await story.propose({}, { skipRest: true })
    expect(proposal.resolved).toEqual([{ path: 'a', choice: 'skip' }, { path: 'b', choice: 'merge' }])
    expect((await story.apply(proposal)).applied).toEqual(['b', 'c'])
  })
})

test(proves('A, then B on A, and the host edited in between: each merges, and comes off in turn', 'RUN-4', 'RUN-5'), async () => {
  await using lab = new Lab([], `${TEN} >text`)
  const changes = await lab.changes(helper)
  const first = lab.run({ shell: 'sed -i "s/line 2/A 2/" text' })
  const second = lab.run({ shell: 'sed -i "s/line 9/B 9/" text' }, [first])
  const grounds = { rA: { ...first.ground, before: [join(lab.folder, 'before-A')] }, rB: second.ground }
  const sets = { rA: await changes.survey(grounds.rA), rB: await changes.survey(grounds.rB) }
  // What B saw lies in the layer of A, which is sealed: only for A something has to be kept.
  expect((await changes.pack(grounds.rB, sets.rB.changes)).toString()).toBe('[]\n')
  fs.writeFileSync(join(lab.folder, 'before-A'), await changes.pack(grounds.rA, sets.rA.changes))
  lab.host('sed -i "s/line 5/host 5/" text')
  const before = snapshot(lab.project)
  const merge = async (run: 'rA' | 'rB') => {
    const folder = join(lab.folder, `merged-${run}`)
    const order: MergeOrder = { ground: grounds[run], changeSet: sets[run], selected: sets[run].changes, named: false, choices: [], merges: true, skipRest: false, folder, nowMs: Date.now(), patches: false }
    const { digest, changes: settled, merged, taken, resolved } = await changes.propose(order)
    expect({ run, resolved }).toEqual({ run, resolved: [{ path: 'text', choice: 'merge' }] })
    expect((await changes.apply({ run, ground: grounds[run], changeSet: { changes: settled, digest: digest ?? '' }, selected: settled, named: false, resolution: { merged, taken, folder: join(folder, digest ?? '') } })).conflicts).toEqual([])
  }
  await merge('rA')
  await merge('rB')
  expect(fs.readFileSync(join(lab.project, 'text'), 'utf8').split('\n').filter((line) => !line.startsWith('line'))).toEqual(['A 2', 'host 5', 'B 9', ''])
  for (const run of ['rB', 'rA']) expect((await changes.rollback({ run, project: lab.project })).conflicts).toEqual([])
  expect(differences(before, snapshot(lab.project), { ignore: () => (helper === null ? ['mtimeNs'] : []) })).toEqual([])
})

/** The host going on, and the decision. */
class Story extends OneRun {
  readonly folder = join(this.lab.folder, 'merged')

  static async of(nativePath: string | null, { project, run, keeps = true }: { project: string; run: string; keeps?: boolean }): Promise<Story> {
    return await Story.in(new Lab([], project), nativePath, run, keeps)
  }

  static async in(lab: Lab, nativePath: string | null, run: string, keeps = true, later: { host?: string; fault?: (step: string) => void } = {}): Promise<Story> {
    const changes = await lab.changes(nativePath, later.fault ? { fault: later.fault } : {})
    const ground = { ...lab.run({ shell: run }).ground, before: [join(lab.folder, 'before')] }
    const changeSet = await changes.survey(ground)
    if (keeps) fs.writeFileSync(join(lab.folder, 'before'), await changes.pack(ground, changeSet.changes))
    if (later.host !== undefined) lab.host(later.host)
    return new Story({ lab, ground, changes, changeSet })
  }

  look(): Snapshot {
    return snapshot(this.lab.project)
  }

  lines(path: string): string[] {
    return fs.readFileSync(join(this.lab.project, path), 'utf8').trimEnd().split('\n')
  }

  report(): Promise<Proposal> {
    return this.changes.propose(this.#order({ merges: false }))
  }

  async offers(): Promise<[OpenConflict['path'], OpenConflict['reason'], OpenConflict['merge'], Choice[]][]> {
    return (await this.report()).conflicts.map(({ path, reason, merge, choices }): [OpenConflict['path'], OpenConflict['reason'], OpenConflict['merge'], Choice[]] => [path, reason, merge, choices]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  }

  propose(choices: Readonly<Record<string, Choice>> = {}, more: Partial<MergeOrder> = {}): Promise<Proposal> {
    return this.changes.propose(this.#order({ choices: Object.entries(choices).map(([path, choice]) => ({ path, choice })), ...more }))
  }

  apply({ digest, changes, merged, taken }: Proposal): Promise<Outcome> {
    if (digest === null) throw new Error('conflicts are left')
    return this.changes.apply({ run: 'r1', ground: this.ground, changeSet: { changes, digest }, selected: changes, named: false, resolution: { merged, taken, folder: join(this.folder, digest) } })
  }

  #order(more: Partial<MergeOrder>): MergeOrder {
    return { ground: this.ground, changeSet: this.changeSet, selected: this.changeSet.changes, named: false, choices: [], merges: true, skipRest: false, folder: this.folder, nowMs: Date.now(), patches: true, ...more }
  }
}
