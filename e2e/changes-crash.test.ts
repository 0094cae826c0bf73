/** `kill -9` at every journal step: after recovery the set is old or new, never a mixture. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Changes, ChangeSet } from '../daemon/src/changes/changes.ts'
import type { CrashOrder } from './changes/crash-child.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { Lab, type LayerMade } from './changes/lab.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)
const child = join(dirname(fileURLToPath(import.meta.url)), 'changes/crash-child.ts')

/** Every kind of step there is. */
const PROJECT = `
  mkdir -p keep/deep gone/inside empty becomes-file tight; echo keep >keep/deep/file; echo old >edited; echo moved along >keep/moved; echo 1 >gone/inside/one; echo 2 >gone/two
  ln -s edited link; echo f >becomes-directory; echo x >becomes-file/x; echo t >tight/t; echo s >script.sh; echo linked >h1; ln h1 h2; printf name >$'new\\nline'; touch -d 2020-02-02 dated
  find . -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +; chmod 500 tight`
const RUN = `
  mkdir -p fresh/sub; echo new >fresh/sub/file; echo new >>edited; mv keep/moved fresh/moved; rm -r gone; rmdir empty; mkdir hollow; ln -sfn keep link
  rm becomes-directory; mkdir becomes-directory; echo in >becomes-directory/in; rm -r becomes-file; echo now >becomes-file; chmod 755 script.sh; touch -d '2001-01-01 00:00:00.5' dated
  chmod 700 tight; echo u >tight/u; chmod 500 tight; echo more >>h1; rm $'new\\nline'; printf x >$'\\xff\\xfe'; echo a >twin-a; ln twin-a twin-b`

describe.each([['native', helper], ['node', null]] as const)('%s', (name, nativePath) => {
  if (name === 'native' && helper === null) return test('crashes', ({ skip }) => skip('needs gcc: apt-get install gcc libc6-dev'))
  const dice = new Dice(seed)
  let lab: Lab
  let layer: LayerMade
  let changes: Changes
  let changeSet: ChangeSet
  let original: Snapshot
  let applied: Snapshot

  beforeAll(async () => {
    lab = new Lab([], PROJECT)
    layer = lab.run({ shell: RUN })
    changes = await lab.changes(nativePath)
    changeSet = await changes.survey(layer.ground)
    original = snapshot(lab.project, { xattrs: false })
    await applyAll()
    applied = snapshot(lab.project, { xattrs: false })
    await rollBack()
  })
  afterAll(async () => { await lab[Symbol.asyncDispose]() })

  test(proves('killed during apply', 'RUN-5'), async () => {
    const steps = stepsOf('apply')
    await rollBack()
    const staged = steps.indexOf('mark staged')
    expect(staged).toBeGreaterThan(5)
    for (const [dieAt, step] of moments(steps)) {
      expect(crash('apply', dieAt), step).toBe('SIGKILL')
      const [recovered] = await changes.recover()
      // The mark itself is written after its fault point.
      expect(recovered?.ended ?? 'undone', step).toBe(dieAt <= staged ? 'undone' : 'finished')
      expect(different(dieAt <= staged ? original : applied), step).toEqual([])
      expect(leftovers(), step).toEqual([])
      if (dieAt > staged) await rollBack()
      expect(different(original), `rolled back after ${step}`).toEqual([])
    }
  })

  test(proves('killed during rollback', 'RUN-5'), async () => {
    await applyAll()
    const steps = stepsOf('rollback')
    const staged = steps.indexOf('mark staged')
    for (const [dieAt, step] of moments(steps)) {
      await applyAll()
      expect(crash('rollback', dieAt), step).toBe('SIGKILL')
      const recovered = (await changes.recover()).find(({ direction }) => direction === 'rollback')
      expect(recovered?.ended ?? 'undone', step).toBe(dieAt <= staged ? 'undone' : 'finished')
      expect(different(dieAt <= staged ? applied : original), step).toEqual([])
      expect(leftovers(), step).toEqual([])
      if (dieAt <= staged) await rollBack()
      expect(different(original), `rolled back after ${step}`).toEqual([])
    }
  })

  test('killed during apply and again during every step of recovery', async () => {
    const middle = stepsOf('apply').findLastIndex((step) => step.startsWith('step'))
    await rollBack()
    crash('apply', middle - 5)
    const recovery = stepsOf('recover')
    expect(recovery.length).toBeGreaterThan(5)
    expect(different(applied)).toEqual([])
    await rollBack()
    for (const [dieAt, step] of moments(recovery)) {
      expect(crash('apply', middle - 5)).toBe('SIGKILL')
      expect(crash('recover', dieAt), step).toBe('SIGKILL')
      expect((await changes.recover())[0]?.ended, step).toBe('finished')
      expect(different(applied), step).toEqual([])
      expect(leftovers(), step).toEqual([])
      await rollBack()
    }
    expect(different(original)).toEqual([])
  })

  test('killed, then a path that was still to come changed on the host: the rest goes back', async () => {
    const steps = stepsOf('apply')
    await rollBack()
    const first = steps.findIndex((step) => step.startsWith('step'))
    const removal = steps.findLastIndex((step) => step.endsWith('remove'))
    for (const dieAt of [first, first + 3, removal - 2]) {
      expect(crash('apply', dieAt)).toBe('SIGKILL')
      lab.host('echo mine >gone/two')
      const [recovered] = await changes.recover()
      expect(recovered).toMatchObject({ ended: 'undone', conflicts: [{ path: 'gone/two', reason: 'changed' }] })
      expect(fs.readFileSync(join(lab.project, 'gone/two'), 'utf8')).toBe('mine\n')
      lab.host("echo 2 >gone/two; touch -d '2021-03-04 05:06:07.123456789' gone/two")
      expect(different(original)).toEqual([])
      expect(leftovers()).toEqual([])
    }
  })

  test('killed, then a path that was already changed was worked on: it is an edit of the new, and the rest follows', async () => {
    const steps = stepsOf('apply')
    await rollBack()
    crash('apply', steps.findLastIndex((step) => step.startsWith('step')))
    lab.host('echo mine >edited')
    expect(await changes.recover()).toMatchObject([{ ended: 'finished', conflicts: [] }])
    expect(fs.readFileSync(join(lab.project, 'edited'), 'utf8')).toBe('mine\n')
    fs.copyFileSync(join(layer.ground.upper, 'edited'), join(lab.project, 'edited'))
    expect(different(applied).filter((line) => !line.startsWith('"edited": mtimeNs'))).toEqual([])
    await rollBack()
    expect(different(original)).toEqual([])
  })

  test('killed, then worked on before and after the place where it died: neither way is open, and nothing is touched', async () => {
    const steps = stepsOf('apply')
    await rollBack()
    crash('apply', steps.findIndex((step) => step.endsWith('remove')))
    lab.host('echo mine >edited; echo mine >gone/two')
    const before = snapshot(lab.project, { xattrs: false })
    expect(await changes.recover()).toMatchObject([{ ended: 'stuck', conflicts: [{ path: 'edited', reason: 'changed' }, { path: 'gone/two', reason: 'changed' }] }])
    expect(differences(before, snapshot(lab.project, { xattrs: false }))).toEqual([])
    // Once the person has put it right, the next start ends it.
    fs.copyFileSync(join(layer.ground.upper, 'edited'), join(lab.project, 'edited'))
    lab.host('echo 2 >gone/two')
    expect((await changes.recover())[0]?.ended).toBe('finished')
    await rollBack()
    lab.host("touch -d '2021-03-04 05:06:07.123456789' . gone/two")
    expect(different(original)).toEqual([])
  })

  test(proves('the power fails before the removal of pre-images that nobody needs is on the disk: the next start makes it again', 'RUN-5', 'PERF-8'), async () => {
    const [backups, aside] = [join(lab.state, 'backups'), join(lab.folder, 'aside')]
    await applyAll()
    expect(spawnSync('cp', ['-al', backups, aside]).status).toBe(0)
    await rollBack()
    changes.noted('r1')
    fs.rmSync(backups, { recursive: true })
    fs.renameSync(aside, backups)
    await changes.recover()
    expect(different(original)).toEqual([])
    expect(fs.readdirSync(join(backups, 'r1'))).toEqual([])
    // Those of an apply that stands are its way back.
    await applyAll()
    await changes.recover()
    await rollBack()
    expect(different(original)).toEqual([])
  })

  async function applyAll(): Promise<void> {
    expect((await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: changeSet.changes, named: true })).conflicts).toEqual([])
  }

  async function rollBack(): Promise<void> {
    expect((await changes.rollback({ run: 'r1', project: lab.project })).conflicts).toEqual([])
  }

  /** h1 and h2 share an inode at first; breaking that link is what naming them allows. */
  function different(expected: Snapshot): string[] {
    return differences(expected, snapshot(lab.project, { xattrs: false }), { ignore: (path) => [...(path === 'h1' || path === 'h2' ? ['links' as const] : []), ...(nativePath === null ? ['mtimeNs' as const] : [])] })
  }

  function leftovers(): string[] {
    return fs.readdirSync(lab.project).filter((entry) => entry.startsWith('.nexus-stage-'))
  }

  function crash(work: CrashOrder['work'], dieAt: number): string | null {
    return runChild(work, dieAt).signal
  }

  /** CI takes a seeded slice; without the helper the engine is the same: there half as many are enough. */
  function moments(steps: readonly string[]): [number, string][] {
    const all = [...steps.entries()]
    return isEndurance ? all : dice.some(all, nativePath === null ? 8 : 16)
  }

  /** The names of the steps of a whole, undisturbed work. */
  function stepsOf(work: CrashOrder['work']): string[] {
    const { status, steps, stderr } = runChild(work, -1)
    expect(status, stderr).toBe(0)
    return steps
  }

  function runChild(work: CrashOrder['work'], dieAt: number): { signal: string | null; status: number | null; steps: string[]; stderr: string } {
    const [question, steps] = [join(lab.folder, 'crash.json'), join(lab.folder, 'steps')]
    fs.writeFileSync(steps, '')
    const order: CrashOrder = { nativePath, state: lab.state, work, run: 'r1', ground: { ...layer.ground, startedAtNs: String(layer.ground.startedAtNs) }, changeSet, dieAt, steps }
    fs.writeFileSync(question, JSON.stringify(order))
    const done = spawnSync(process.execPath, [child, question], { encoding: 'utf8' })
    return { signal: done.signal, status: done.status, stderr: done.stderr, steps: fs.readFileSync(steps, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as string) }
  }
})

