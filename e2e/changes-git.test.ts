/** A repository goes on being used after an apply: what git refreshes by itself is in nobody's way. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Changes, ChangeSet, Ground, Outcome } from '../daemon/src/changes/changes.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { Lab } from './changes/lab.ts'
import { needs } from './needs.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))

const COMMIT = 'git config user.name n; git config user.email e@e; echo 1 >a; echo 1 >b; git add .; git commit -qm one'

describe.each([['native', helper], ['node', null]] as const)('%s', (name, nativePath) => {
  beforeEach(({ skip }) => { if (name === 'native' && helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })

  test(proves('after a commit is applied, git status on the host is no conflict for the rollback', 'RUN-5'), async ({ skip }) => {
    needs(skip, 'git')
    await using story = await Story.of(nativePath)
    const host = snapshot(story.lab.project)
    expect((await story.apply()).conflicts).toEqual([])
    const applied = story.index()
    story.lab.host('git status >status; rm status')
    expect(story.index().equals(applied)).toBe(false)
    expect(story.git('log', '--format=%s')).toBe('two\none')
    expect((await story.rollback()).conflicts).toEqual([])
    const ignore = (path: string) => (nativePath === null || path === '.' || path === '.git' ? (['mtimeNs'] as const) : [])
    expect(differences(host, snapshot(story.lab.project), { ignore })).toEqual([])
    expect(story.git('status', '--porcelain')).toBe('')
  })

  test('what somebody staged since is a conflict', async ({ skip }) => {
    needs(skip, 'git')
    await using story = await Story.of(nativePath)
    expect((await story.apply()).conflicts).toEqual([])
    story.lab.host('echo mine >c; git add c')
    const staged = story.index()
    expect((await story.rollback()).conflicts.map(({ path, reason }) => [path, reason])).toEqual([['.git/index', 'changed']])
    expect(story.index().equals(staged)).toBe(true)
  })

  test(proves('git status between the run and its apply is no conflict, and the way back keeps it', 'RUN-4'), async ({ skip }) => {
    needs(skip, 'git')
    await using story = await Story.of(nativePath)
    story.lab.host('touch -d 2001-02-03 b; git status >status; rm status')
    const host = snapshot(story.lab.project)
    expect((await story.apply()).conflicts).toEqual([])
    expect(story.git('status', '--porcelain')).toBe('')
    expect(story.git('log', '--format=%s')).toBe('two\none')
    expect((await story.rollback()).conflicts).toEqual([])
    const ignore = (path: string) => (nativePath === null || path === '.' || path === '.git' ? (['mtimeNs'] as const) : [])
    expect(differences(host, snapshot(story.lab.project), { ignore })).toEqual([])
  })
})

/** A repository with a commit, and a run that makes another. */
class Story implements AsyncDisposable {
  readonly lab: Lab
  readonly #ground: Ground
  readonly #changes: Changes
  readonly #changeSet: ChangeSet

  private constructor(lab: Lab, ground: Ground, changes: Changes, changeSet: ChangeSet) {
    this.lab = lab
    this.#ground = ground
    this.#changes = changes
    this.#changeSet = changeSet
  }

  static async of(nativePath: string | null): Promise<Story> {
    const lab = new Lab([], `git init -q; ${COMMIT}`)
    const changes = await lab.changes(nativePath)
    const ground = { ...lab.run({ shell: 'echo 2 >>a; git commit -qam two' }).ground, before: [join(lab.folder, 'before')] }
    const changeSet = await changes.survey(ground)
    fs.writeFileSync(join(lab.folder, 'before'), await changes.pack(ground, changeSet.changes))
    return new Story(lab, ground, changes, changeSet)
  }

  index(): Buffer {
    return fs.readFileSync(join(this.lab.project, '.git/index'))
  }

  git(...words: string[]): string {
    return execFileSync('git', words, { cwd: this.lab.project, encoding: 'utf8' }).trim()
  }

  apply(): Promise<Outcome> {
    return this.#changes.apply({ run: 'r1', ground: this.#ground, changeSet: this.#changeSet, selected: this.#changeSet.changes, named: true })
  }

  rollback(): Promise<Outcome> {
    return this.#changes.rollback({ run: 'r1', project: this.lab.project })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]()
  }
}
