/** The parts of the room that need no file system. */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '@nexus/protocol/canonical'
import type { Change, Signature } from '@nexus/protocol/changes'
import { below, comparePaths, depthOf, fsPath, isBelow, parentOf, pathOf, wireOf, type BytePath } from './byte-path.ts'
import { canonicalChanges, digestOf } from './digest.ts'
import { flagsOf } from './flags.ts'
import { Journals } from './journal.ts'
import { Lanes } from './lanes.ts'
import { howOf, orderOf, reversed, type Plan, type Step } from './plan.ts'
import { nameRenames } from './renames.ts'
import { completeSelection } from './selection.ts'
import type { Draft } from './survey.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((array) => Buffer.from(array))
const path = (text: string) => text as BytePath

describe('byte paths', () => {
  test('survive the way to the wire and back, whatever their bytes', () => {
    fc.assert(fc.property(bytes, (buffer) => {
      const internal = buffer.toString('latin1') as BytePath
      expect(pathOf(wireOf(internal))).toBe(internal)
      expect(Buffer.from(fsPath(internal) as Buffer)).toEqual(buffer)
    }))
    expect(wireOf(path('\xc3\xbc'))).toBe('ü')
    expect(wireOf(path('\xff'))).toEqual({ base64: '/w==' })
  })

  test('sort as bytes do', () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => { expect(comparePaths(a.toString('latin1'), b.toString('latin1'))).toBe(Math.sign(Buffer.compare(a, b))) }))
  })

  test('know what is above and below', () => {
    expect([parentOf(path('a/b/c')), parentOf(path('a')), below(path(''), 'a'), below(path('a'), 'b'), depthOf(path('a/b/c'))]).toEqual(['a/b', '', 'a', 'a/b', 2])
    expect([isBelow(path('a/b'), path('a')), isBelow(path('ab'), path('a')), isBelow(path('a'), path('a')), isBelow(path('a'), path(''))]).toEqual([true, false, false, true])
  })
})

describe('digest', () => {
  const wire = fc.oneof(fc.string({ minLength: 1 }), bytes.map((buffer) => wireOf(buffer.toString('latin1') as BytePath)))
  const signature: fc.Arbitrary<Signature> = fc.record({
    type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const), mode: fc.constantFrom('0644', '4755'), size: fc.maxSafeNat(), mtimeNs: fc.bigInt().map(String),
    sha256: fc.constantFrom('00', 'ab'), linkTarget: wire, uid: fc.nat(), gid: fc.nat(),
  }, { requiredKeys: ['type', 'mode', 'size', 'mtimeNs', 'uid', 'gid'] })
  const change: fc.Arbitrary<Change> = fc.record({
    path: wire, kind: fc.constantFrom('added' as const, 'renamed' as const, 'meta' as const), from: wire, before: signature, after: signature, flags: fc.constant([]),
  }, { requiredKeys: ['path', 'kind', 'flags'] })

  test('is made of the canonical JSON of the contract', () => {
    fc.assert(fc.property(fc.uniqueArray(change, { selector: (entry) => pathOf(entry.path) }), (changes) => {
      const sorted = [...changes].sort((a, b) => Buffer.compare(Buffer.from(pathOf(a.path), 'latin1'), Buffer.from(pathOf(b.path), 'latin1')))
      expect(canonicalChanges(changes)).toBe(canonicalJson(sorted.map(({ path, kind, from, before, after }) => ({ path, kind, from, before, after }))))
    }))
  })

  test('does not depend on order or flags', () => {
    const [a, b]: [Change, Change] = [{ path: 'a', kind: 'added', flags: ['setuid'] }, { path: 'b', kind: 'deleted', flags: [] }]
    expect(digestOf([a, b])).toBe(digestOf([b, { ...a, flags: [] }]))
    expect(digestOf([])).toBe('4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945')
  })
})

describe('renames', () => {
  test('pair what is unambiguous, the same name first, and follow a moved directory for copies', () => {
    const drafts = [
      ...gone(['old/a', 'A'], ['old/b', 'B'], ['old/x/copy', 'C'], ['old/y/copy', 'C'], ['one', 'D'], ['empty', '']),
      ...come(['new/a', 'A'], ['new/renamed', 'B'], ['new/x/copy', 'C'], ['new/y/copy', 'C'], ['two', 'D'], ['three', 'D'], ['void', '']),
      ...gone(['old/x/only', 'X'], ['old/y/only', 'Y']), ...come(['new/x/only', 'X'], ['new/y/only', 'Y']),
    ]
    expect(nameRenames(drafts).filter(({ kind }) => kind === 'renamed').map(({ from, path: to }) => `${from} > ${to}`).sort()).toEqual([
      'old/a > new/a', 'old/b > new/renamed', 'old/x/copy > new/x/copy', 'old/x/only > new/x/only', 'old/y/copy > new/y/copy', 'old/y/only > new/y/only',
    ])
    expect(nameRenames(drafts)).toHaveLength(drafts.length - 6)
  })

  test('the very same file of a renamed directory is a rename, however many copies there are', () => {
    const drafts = [...gone(['a/1', 'S'], ['a/2', 'S']), ...come(['b/2', 'S'], ['b/1', 'S'])].map((draft) => ({ ...draft, [draft.before ? 'realBefore' : 'realAfter']: `/lower/${draft.path.at(-1)}` }))
    expect(nameRenames(drafts).map(({ from, path: to }) => `${from} > ${to}`)).toEqual(['a/2 > b/2', 'a/1 > b/1'])
  })

  const file = (content: string): Signature => ({ type: 'file', mode: '0644', size: content.length, mtimeNs: '0', sha256: content, uid: 0, gid: 0 })
  const gone = (...files: [string, string][]): Draft[] => files.map(([name, content]) => ({ path: path(name), kind: 'deleted', before: file(content), flags: new Set(), realBefore: `/project/${name}` }))
  const come = (...files: [string, string][]): Draft[] => files.map(([name, content]) => ({ path: path(name), kind: 'added', after: file(content), flags: new Set(), realAfter: `/upper/${name}` }))
})

describe('selection', () => {
  test('never splits what belongs together, whatever is chosen', () => {
    const changes: Change[] = [
      change('.git/HEAD', 'modified', 'file', 'file'), change('.git/x', 'added', null, 'file'), change('a', 'type', 'file', 'directory'), change('a/in', 'added', null, 'file'),
      change('d', 'deleted', 'directory', null), change('d/e', 'deleted', 'directory', null), change('d/e/f', 'deleted', 'file', null), change('d-not', 'deleted', 'file', null),
      change('n', 'added', null, 'directory'), change('n/m', 'added', null, 'directory'), { ...change('n/m/moved', 'renamed', 'file', 'file'), from: 'd/g' }, change('t', 'type', 'directory', 'symlink'), change('t/u', 'deleted', 'file', null),
    ]
    const pick = (...paths: string[]) => completeSelection(changes, changes.filter((entry) => paths.includes(entry.path as string))).map((entry) => entry.path)
    expect(pick('a/in')).toEqual(['a', 'a/in'])
    expect(pick('d')).toEqual(['d', 'd/e', 'd/e/f', 'n', 'n/m', 'n/m/moved'])
    expect(pick('d/e/f')).toEqual(['d/e/f'])
    expect(pick('t')).toEqual(['t', 't/u'])
    expect(pick('.git/x')).toEqual(['.git/HEAD', '.git/x'])
    expect(pick()).toEqual([])
  })

  const signature = (type: Signature['type']): Signature => ({ type, mode: '0644', size: 0, mtimeNs: '0', uid: 0, gid: 0 })
  function change(name: string, kind: Change['kind'], before: Signature['type'] | null, after: Signature['type'] | null): Change {
    return { path: name, kind, flags: [], ...(before ? { before: signature(before) } : {}), ...(after ? { after: signature(after) } : {}) }
  }
})

describe('flags', () => {
  const file: Signature = { type: 'file', mode: '0644', size: 1, mtimeNs: '0', uid: 0, gid: 0 }
  const link = (target: string): Signature => ({ ...file, type: 'symlink', linkTarget: target })
  const flagged = (name: string, after: Signature = file) => flagsOf(path(name), '/home/me/project', 'added', undefined, after)

  test.each([
    '.git/hooks/pre-commit', 'sub/.git/hooks/post-checkout', '.git/config', '.git/modules/x/config', '.gitmodules', '.envrc', 'deep/.envrc', '.npmrc', '.yarnrc.yml', '.github/workflows/ci.yml', '.gitlab-ci.yml',
    '.git/worktrees/x/config.worktree', '.git/commondir', '.git/info/attributes', '.git/rebase-merge/git-rebase-todo', '.gitattributes', '.hg/hgrc', '.githooks/pre-push', '.lefthook.toml', '.mise.local.toml', '.tool-versions',
    '.bashrc', '.config/fish/config.fish', '.cargo/config.toml', 'rust-toolchain', '.mvn/jvm.config', 'gradle/wrapper/gradle-wrapper.jar', '.pnp.cjs', 'pnpm-workspace.yaml', 'bunfig.toml', '.bazelrc', 'sub/sitecustomize.py', '.gdbinit',
    'x.code-workspace', '.exrc', '.nvim.lua', '.dir-locals.el', '.idea/workspace.xml', '.zed/tasks.json', '.claude/commands/x.md', '.claude/settings.local.json', '.mcp.json', '.cursor/mcp.json', '.codex/config.toml', 'opencode.json',
    'binding.gyp', 'sub/package.yaml', 'package.json5', '.bsp/sbt.json', '.jvmopts', '.hg/hgrc-not-shared', '.pylintrc', '.pdbrc', '.octaverc', '.helix/languages.toml', 'rust-analyzer.toml', '.vscode/c_cpp_properties.json', '.theia/tasks.json', '.vs/tasks.vs.json',
    '.externalToolBuilders/x.launch', '.lazy.lua', '.qwen/settings.json', 'crush.json',
    '.gitea/workflows/ci.yaml', 'action.yml', '.devcontainer.json', '.gitpod.yml', 'Jenkinsfile.release', 'azure-pipelines-ci.yaml', 'Jenkinsfile', '.circleci/config.yml', '.husky/pre-push', '.vscode/tasks.json', '.vscode/settings.json', '.vscode/launch.json', '.pre-commit-config.yaml', '.devcontainer/devcontainer.json',
  ])('%s runs by itself', (name) => { expect(flagged(name)).toContain('auto-exec') })

  test.each(['.git/hooks/pre-commit.sample', '.git/HEAD', 'Makefile', 'src/config', 'node_modules/x/.npmrc', 'node_modules/x/.github/workflows/ci.yml', '.github/CODEOWNERS', '.vscode/notes.md', 'envrc', 'bashrc', '.git/worktrees/x/HEAD', 'config', 'src/hooks/use.ts', 'cargo/config.toml', 'constructor', '.claude/notes.txt', 'conftest.py', 'erlang', 'src/package.yaml.ts', '.helix/notes.md', 'node_modules/x/binding.gyp'])(
    '%s does not', (name) => { expect(flagged(name)).not.toContain('auto-exec') })

  test.each([['.cursor', true], ['sub/.idea', true], ['hooks', true], ['src', false], ['node_modules/.bin', false]])('a link in the place of %s brings what runs by itself: %s', (name, brings) => {
    expect(flagged(name, link('x')).includes('auto-exec')).toBe(brings)
  })

  test.each([['../x', true], ['a/../../x', true], ['/etc', true], ['/home/me/project', false], ['/home/me/project/a', false], ['/home/me/project/../other', true], ['/home/me/project-2', true], ['a', false], ['./a/../b', false]])(
    'a link to %s leads outside: %s', (target, leads) => { expect(flagged('link', link(target)).includes('outside-symlink')).toBe(leads) })

  test('setuid, settings, special', () => {
    expect(flagged('x', { ...file, mode: '4755' })).toEqual(['setuid'])
    expect(flagged('.nexus/settings.yaml')).toEqual(['nexus-settings'])
    expect(flagged('pipe', { ...file, type: 'fifo' })).toEqual(['special'])
    expect(flagged('sub/.nexus/settings.yaml')).toEqual([])
  })
})

describe('plan', () => {
  const file = (sha256: string): Signature => ({ type: 'file', mode: '0644', size: 1, mtimeNs: '0', sha256, uid: 0, gid: 0 })
  const folder: Signature = { type: 'directory', mode: '0755', size: 0, mtimeNs: '0', uid: 0, gid: 0 }
  const step = (name: string, before: Signature | null, after: Signature | null): Step => ({ path: path(name), before, after, attributes: false, how: howOf(before, after, { attributes: false, isLinked: false }) })

  test('directories come from the top, go from the bottom, and give way once they are empty', () => {
    const steps = [
      step('gone', folder, null), step('gone/deep', folder, null), step('gone/deep/file', file('1'), null), step('new/sub/file', null, file('2')), step('new/sub', null, folder), step('new', null, folder),
      step('turns', folder, file('3')), step('turns/old', file('4'), null), step('edited', file('5'), file('6')), step('opens', file('7'), folder), step('opens/in', null, file('8')), step('dated', file('9'), { ...file('9'), mtimeNs: '1' }),
    ]
    expect(orderOf(steps).map(({ step: { path: name, how } }) => `${how} ${name}`)).toEqual([
      'create new', 'exchange opens', 'create new/sub', 'replace edited', 'create opens/in', 'create new/sub/file', 'meta dated',
      'remove gone/deep/file', 'remove gone/deep', 'remove turns/old', 'remove gone', 'exchange turns',
    ])
  })

  test('the way back of the way back is the way', () => {
    for (const [before, after] of [[null, file('1')], [file('1'), null], [file('1'), file('2')], [folder, file('1')], [file('1'), folder], [file('1'), { ...file('1'), mode: '0600' }]] as const) {
      const forward = step('x', before, after)
      expect(reversed(reversed(forward))).toEqual(forward)
    }
  })
})

describe('journal', () => {
  const plan: Plan = {
    run: 'r1', direction: 'apply', project: '/p', digest: 'd', paths: ['a', { base64: '/w==' }], undoes: [],
    steps: [{ path: path('\xff\n'), before: null, after: { type: 'symlink', mode: '0777', size: 0, mtimeNs: '1', uid: 0, gid: 0, linkTarget: { base64: '/w==' } }, how: 'create', attributes: false }, { path: path('b'), before: { type: 'file', mode: '0644', size: 1, mtimeNs: '1', sha256: 'x', uid: 0, gid: 0 }, after: null, how: 'remove', attributes: true, twin: 3, inode: '1:2' }],
    folders: [{ path: path(''), before: { mode: 0o755, mtimeNs: 123n }, after: { mode: 0o700, mtimeNs: 456n } }],
  }

  test('gives back what was written, mark by mark', () => {
    using state = new StateFolder()
    const journals = new Journals(state.path, () => 5)
    expect(journals.write(plan)).toMatchObject({ name: 'r1-1', stage: '.nexus-stage-r1' })
    expect(journals.read('r1-1')).toMatchObject({ plan, marks: new Set(['planned']) })
    journals.mark('r1-1', 'staged')
    expect(journals.read('r1-1')?.marks).toEqual(new Set(['planned', 'staged']))
    expect(journals.unsettled()).toEqual(['r1-1'])
    journals.mark('r1-1', 'done')
    expect([journals.isDone('r1-1'), journals.unsettled('r1'), journals.unsettled('other')]).toEqual([true, ['r1-1'], []])
    journals.mark('r1-1', 'settled')
    expect(journals.unsettled()).toEqual([])
    for (let number = 2; number <= 11; number++) expect(journals.write({ ...plan, run: 'r1' }).name).toBe(`r1-${number}`)
    expect(journals.all('r1').map(({ name }) => name).slice(-2)).toEqual(['r1-10', 'r1-11'])
  })

  test('cut off anywhere, it never claims more than was written', () => {
    using state = new StateFolder()
    const journals = new Journals(state.path, () => 5)
    journals.write(plan)
    journals.mark('r1-1', 'staged')
    journals.mark('r1-1', 'done')
    const file = join(state.path, 'applies/r1-1.journal')
    const whole = fs.readFileSync(file)
    const ends = { planned: whole.indexOf('"planned"'), staged: whole.indexOf('"staged"'), done: whole.indexOf('"done"') }
    for (let length = 0; length <= whole.length; length++) {
      fs.writeFileSync(file, whole.subarray(0, length))
      const marks = new Set<string>(journals.read('r1-1')?.marks)
      for (const [mark, end] of Object.entries(ends)) if (length <= end) expect(marks.has(mark), `${mark} at ${length}`).toBe(false)
      // What is appended after the cut is a line of its own.
      journals.mark('r1-1', 'undone')
      if (length > 200) expect(journals.read('r1-1')?.marks.has('undone'), `at ${length}`).toBe(true)
    }
  })

  class StateFolder implements Disposable {
    readonly path: string

    constructor() {
      this.path = fs.mkdtempSync(join(tmpdir(), 'nexus-state-'))
    }

    [Symbol.dispose](): void {
      fs.rmSync(this.path, { recursive: true, force: true })
    }
  }
})

test('one lane after the other in a project, side by side in two', async () => {
  const lanes = new Lanes()
  const log: string[] = []
  const work = (name: string) => async () => {
    log.push(`${name} begins`)
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    log.push(`${name} ends`)
    if (name === 'a1') throw new Error('a1 failed')
  }
  const results = await Promise.allSettled([lanes.take('a', work('a1')), lanes.take('a', work('a2')), lanes.take('b', work('b'))])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(log.indexOf('a2 begins')).toBeGreaterThan(log.indexOf('a1 ends'))
  expect(log.indexOf('b begins')).toBeLessThan(log.indexOf('a1 ends'))
})
