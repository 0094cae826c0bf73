/** What a change set says of real runs: kinds, renames, flags, digest, diff. */
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { showBytes } from '@nexus/protocol/bytes'
import type { ChangeSet } from '../daemon/src/changes/changes.ts'
import { compileHelper, removeHelper } from '../daemon/src/changes/compiled-helper.ts'
import { isRoot, Lab } from './changes/lab.ts'
import { proves } from './requirements.ts'

const helper = compileHelper()
afterAll(() => removeHelper(helper))

describe.each([['native', helper], ['node', null]] as const)('%s', (name, nativePath) => {
  beforeEach(({ skip }) => { if (name === 'native' && helper === null) skip('needs gcc: apt-get install gcc libc6-dev') })

  test(proves('names every kind of change, and nothing that is none', 'RUN-3'), async () => {
    const { lines } = await surveyOf({
      project: 'mkdir -p d/sub e; echo 1 >a; echo 2 >b; echo 3 >c; echo 4 >t; ln -s a link; echo 5 >read; echo 6 >copied-up; echo 7 >touched; echo 8 >d/sub/x; chmod 644 a',
      run: 'echo more >>a; rm b; chmod 600 c; rm t; mkdir t; ln -sfn b link; cat read >/dev/null; exec 3>>copied-up; exec 3>&-; touch -d 2001-01-01 touched; touch d; mkdir empty; rmdir e; echo n >new; touch gone-again; rm gone-again; cp -p d/sub/x d/sub/y; mv d/sub/y d/sub/x',
    })
    expect(lines).toEqual(['modified a', 'deleted b', 'meta c', 'deleted e', 'added empty', 'modified link', 'added new', 'type t', 'meta touched'])
  })

  test(proves('sees renames of files and of directories', 'RUN-3'), async () => {
    const { lines } = await surveyOf({
      project: 'mkdir -p lib/deep same; echo one >lib/one; echo two >lib/deep/two; touch lib/empty; echo x >same/a; echo x >same/b; echo move >file',
      run: 'mv lib src; mv file renamed; mv same/a same/c; mv same/b same/d',
    })
    expect(lines).toEqual([
      'deleted lib', 'deleted lib/deep', 'deleted lib/empty', 'renamed file > renamed', 'deleted same/a', 'deleted same/b', 'added same/c', 'added same/d',
      'added src', 'added src/deep', 'renamed lib/deep/two > src/deep/two', 'added src/empty', 'renamed lib/one > src/one',
    ])
  })

  test('what was deleted and made again is compared with what it was', async () => {
    const { lines } = await surveyOf({ project: 'mkdir -p d/sub; echo 1 >d/same; echo 2 >d/other; echo 3 >d/gone; echo 4 >d/sub/x', run: 'cp -a d k; rm -r d; mkdir d; cp -p k/same d/same; echo 22 >d/other; rm -r k' })
    expect(lines).toEqual(['deleted d/gone', 'modified d/other', 'deleted d/sub', 'deleted d/sub/x'])
  })

  test('flags what a person must look at', async () => {
    const { flags } = await surveyOf({
      project: `mkdir -p .git/hooks .github/workflows node_modules/x sub; echo '{"scripts":{"a":"1"},"version":"1"}' >package.json; cp package.json sub/; cp package.json node_modules/x/; echo 1 >h1; ln h1 h2; echo i >.git/index; echo c >.git/config`,
      run: `echo '{"scripts":{"a":"2"},"version":"1"}' >package.json; echo '{"version":"2","scripts":{"a":"1"}}' >sub/package.json; echo '{"scripts":{"install":"evil"}}' >node_modules/x/package.json
        echo h >.git/hooks/pre-commit; echo h >.git/hooks/x.sample; echo u >>.git/config; echo i >>.git/index; echo w >.github/workflows/ci.yml; echo e >.envrc; mkdir .nexus; echo s >.nexus/settings.yaml
        touch s; chmod 4755 s; echo 2 >>h1; mkfifo pipe; ln -s /etc/passwd out; ln -s ../../x sub/up; ln -s ../h1 sub/in; ln -s "$PWD/h1" merged-is-elsewhere; mkdir .vscode; echo '{}' >.vscode/tasks.json; ln -s /tmp/hooks .husky`,
    })
    expect(flags).toEqual({
      '.envrc': 'auto-exec', '.git/config': 'auto-exec git-internal', '.git/hooks/pre-commit': 'auto-exec git-internal', '.git/hooks/x.sample': 'git-internal', '.git/index': 'git-internal',
      '.github/workflows/ci.yml': 'auto-exec', '.husky': 'auto-exec outside-symlink', '.nexus': 'nexus-settings', '.nexus/settings.yaml': 'nexus-settings', '.vscode/tasks.json': 'auto-exec', 'h1': 'hardlink',
      'merged-is-elsewhere': 'outside-symlink', 'out': 'outside-symlink', 'package.json': 'auto-exec', 'pipe': 'special', 's': 'setuid', 'sub/up': 'outside-symlink',
    })
  })

  test('an index that git only refreshed is no change; with anything else of git it is one', async () => {
    const project = 'mkdir -p .git sub/.git; echo i >.git/index; echo h >.git/HEAD; echo i >sub/.git/index; echo x >file'
    expect((await surveyOf({ project, run: 'echo i2 >.git/index.lock; mv .git/index.lock .git/index; touch sub/.git/index' })).lines).toEqual([])
    expect((await surveyOf({ project, run: 'echo i2 >.git/index; echo h2 >.git/HEAD; touch sub/.git/index' })).lines).toEqual(['modified .git/HEAD', 'modified .git/index'])
  })

  test('a run on a run is compared with the run below', async () => {
    await using lab = new Lab([], 'mkdir -p d; echo 1 >d/a; echo 2 >d/b; echo 3 >c')
    const first = lab.run({ shell: 'echo A >d/a; rm d/b; mkdir n; echo n >n/n; rm c; mkdir c' })
    const second = lab.run({ shell: 'echo A >d/a; echo back >d/b; rm -r n; mkdir n; echo m >n/m; rmdir c; echo 3 >c; chmod 700 d' }, [first])
    const changes = await lab.changes(nativePath)
    expect(linesOf(await changes.survey(second.ground)).filter((line) => line !== 'meta d/a')).toEqual(['type c', 'meta d', 'added d/b', 'added n/m', 'deleted n/n'])
    expect(await changes.patch(second.ground, (await changes.survey(second.ground)).changes)).toContain('+m')
  })

  test('a run on renamed directories follows them', async () => {
    await using lab = new Lab([], 'mkdir -p a/b/c other; echo 1 >a/b/c/f; echo 2 >a/g; echo 3 >other/h')
    const first = lab.run({ shell: 'mv a z; mv z/b y; mkdir a; echo new >a/new' })
    const second = lab.run({ shell: 'echo more >>y/c/f; mv z other/z; mv y/c a/c' }, [first])
    const third = lab.run({ shell: 'cat a/c/f >/dev/null; echo end >>a/c/f; rm -r other/z' }, [second, first])
    const changes = await lab.changes(nativePath)
    expect(linesOf(await changes.survey(second.ground))).toEqual(['added a/c', 'added a/c/f', 'added other/z', 'renamed z/g > other/z/g', 'deleted y/c', 'deleted y/c/f', 'deleted z'].sort(byPath))
    expect(linesOf(await changes.survey(third.ground))).toEqual(['modified a/c/f', 'deleted other/z', 'deleted other/z/g'])
    const sealed = await Promise.all([first, second, third].map(async ({ ground }) => ({ ground, changeSet: await changes.survey(ground) })))
    for (const [index, { ground, changeSet }] of sealed.entries()) {
      const run = `r${index}`
      const diff = await changes.patch(ground, changeSet.changes)
      expect((await changes.apply({ run, ground, changeSet, selected: changeSet.changes, named: true })).conflicts).toEqual([])
      // The diff of an applied run is the diff that was reviewed.
      expect(await changes.patch(ground, changeSet.changes)).toBe(diff)
    }
    expect(fs.readFileSync(join(lab.project, 'a/c/f'), 'utf8')).toBe('1\nmore\nend\n')
    expect(fs.existsSync(join(lab.project, 'other/z'))).toBe(false)
  })

  test('the same change set has the same digest, another has another', async () => {
    const project = 'echo 1 >a; touch -d 2020-01-01 a'
    const run = 'echo 2 >a; touch -d 2021-01-01 a'
    const [one, same, other] = [await surveyOf({ project, run }), await surveyOf({ project, run }), await surveyOf({ project, run: `${run}; echo >b` })]
    expect(one.changeSet.digest).toBe(same.changeSet.digest)
    expect(one.changeSet.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(other.changeSet.digest).not.toBe(one.changeSet.digest)
  })

  test('the diff is git\'s, bounded, and one line for what is no text', async () => {
    await using lab = new Lab([], `printf '1\\n2\\n3\\n' >text; printf 'no end' >tail; printf 'a\\0b' >binary; ln -s a link; echo x >gone; echo m >mode; echo r >from; echo q >$'with\\nnewline'`)
    const layer = lab.run({ shell: `printf '1\\nzwei\\n3\\n' >text; printf 'no end!' >tail; printf 'a\\0c' >binary; ln -sfn b link; rm gone; chmod 755 mode; mv from to; echo n >new; echo r >$'with\\nnewline'; mkdir folder; seq 100000 >large` })
    const changes = await lab.changes(nativePath)
    const { changes: list } = await changes.survey(layer.ground)
    const patch = await changes.patch(layer.ground, list.filter(({ path }) => path !== 'large'))
    expect(patch).toBe([
      'diff --git a/binary b/binary', 'Binary files differ (3 bytes -> 3 bytes)',
      'diff --git a/folder b/folder', 'new file mode 040755',
      'diff --git a/gone b/gone', 'deleted file mode 100644', '--- a/gone', '+++ /dev/null', '@@ -1 +0,0 @@', '-x',
      'diff --git a/link b/link', '--- a/link', '+++ b/link', '@@ -1 +1 @@', '-a', '\\ No newline at end of file', '+b', '\\ No newline at end of file',
      'diff --git a/mode b/mode', 'old mode 100644', 'new mode 100755',
      'diff --git a/new b/new', 'new file mode 100644', '--- /dev/null', '+++ b/new', '@@ -0,0 +1 @@', '+n',
      'diff --git a/tail b/tail', '--- a/tail', '+++ b/tail', '@@ -1 +1 @@', '-no end', '\\ No newline at end of file', '+no end!', '\\ No newline at end of file',
      'diff --git a/text b/text', '--- a/text', '+++ b/text', '@@ -1,3 +1,3 @@', ' 1', '-2', '+zwei', ' 3',
      'diff --git a/from b/to', 'rename from from', 'rename to to',
      'diff --git "a/with\\nnewline" "b/with\\nnewline"', '--- "a/with\\nnewline"', '+++ "b/with\\nnewline"', '@@ -1 +1 @@', '-q', '+r', '',
    ].join('\n'))
    expect(await changes.patch(layer.ground, list, { maxBytes: 400 })).toMatch(/\[the diff is cut here: \d+ more changes; name paths to see them\]\n$/)
    expect(await changes.patch(layer.ground, list.filter(({ path }) => path === 'large'))).toBe('diff --git a/large b/large\nnew file mode 100644\nFiles differ, too large to show (nothing -> 588895 bytes)\n')
  })

  test('a file that nobody may read inside the layer is read and applied all the same', async () => {
    const run = 'echo secret >closed; chmod 000 closed; echo x >open'
    await using lab = new Lab([], 'true')
    const layer = lab.run({ shell: run })
    const changes = await lab.changes(nativePath)
    const changeSet = await changes.survey(layer.ground)
    expect(linesOf(changeSet)).toEqual(['added closed', 'added open'])
    expect((await changes.apply({ run: 'r1', ground: layer.ground, changeSet, selected: changeSet.changes, named: true })).conflicts).toEqual([])
    expect(fs.statSync(join(lab.project, 'closed')).mode & 0o777).toBe(0)
    expect(fs.statSync(join(layer.ground.upper, 'closed')).mode & 0o777).toBe(0)
    fs.chmodSync(join(lab.project, 'closed'), 0o600)
    expect(fs.readFileSync(join(lab.project, 'closed'), 'utf8')).toBe('secret\n')
  })

  test('a survey that nobody wants any more ends', async () => {
    await using lab = new Lab([], 'true')
    const layer = lab.run({ shell: 'for i in $(seq 3000); do echo $i >f$i; done' })
    const changes = await lab.changes(nativePath)
    await expect(changes.survey(layer.ground, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })

  test('owners are a change where they can be kept: as root', async ({ skip }) => {
    if (nativePath === null) skip('needs the native helper: without it owners cannot be kept')
    if (!isRoot) skip('needs root: to give files to others')
    const { lines } = await surveyOf({ project: 'echo 1 >a; mkdir d', run: 'chown 123:456 a; chgrp 7 d' })
    expect(lines).toEqual(['meta a', 'meta d'])
  })

  async function surveyOf({ project, run }: { project: string; run: string }): Promise<{ lines: string[]; flags: Record<string, string>; changeSet: ChangeSet }> {
    await using lab = new Lab([], project)
    const layer = lab.run({ shell: run })
    const changes = await lab.changes(nativePath)
    const changeSet = await changes.survey(layer.ground)
    const flags = Object.fromEntries(changeSet.changes.flatMap((change) => (change.flags.length > 0 ? [[showBytes(change.path), change.flags.join(' ')]] : [])))
    return { lines: linesOf(changeSet), flags, changeSet }
  }
})

function linesOf({ changes }: ChangeSet): string[] {
  return changes.map(({ kind, path, from }) => `${kind} ${from === undefined ? '' : `${showBytes(from)} > `}${showBytes(path)}`)
}

function byPath(a: string, b: string): number {
  const path = (line: string) => line.split(' ').at(-1) ?? ''
  return path(a) < path(b) ? -1 : 1
}
