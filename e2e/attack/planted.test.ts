/**
 * Against whoever looks at the tree afterwards: a project full of things that run when some program touches them. The whole
 * life of a run goes over it, on the native launcher and on util-linux, and nothing of it is ever executed on the host.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { needs } from '../needs.ts'
import { Nexus } from '../nexus.ts'
import { proves } from '../requirements.ts'

const HOOKS = ['applypatch-msg', 'pre-commit', 'post-checkout', 'post-index-change', 'pre-auto-gc', 'fsmonitor-watchman', 'reference-transaction', 'post-merge', 'pre-push', 'update']
/** What Nexus starts by itself, and what somebody might think that it does. */
const PROGRAMS = ['rm', 'chmod', 'cp', 'mv', 'tar', 'unshare', 'mount', 'umount', 'pivot_root', 'setpriv', 'env', 'git', 'diff', 'file', 'ip', 'ifconfig', 'stty', 'script', 'xdg-open', 'less', 'cc', 'gcc', 'npm', 'tsc', 'nexusd', 'nexus-native']

describe.each(['native', 'util-linux'])('by %s', (launcher) => {
  let nexus: Nexus
  let sprung: string
  let lack: string | undefined
  beforeAll(() => {
    needs((note) => { lack ??= note }, 'git', 'python3')
    nexus = new Nexus({ env: launcher === 'native' ? {} : { NEXUS_NATIVE: '/nonexistent/nexus-native' } })
    sprung = join(nexus.base, 'sprung')
    mkdirSync(sprung)
    lay(nexus.project, sprung)
    // As with direnv: the tools of the project come before those of the system.
    nexus.env.PATH = `${nexus.env.PATH}:${join(nexus.project, 'node_modules/.bin')}`
  })
  afterAll(() => nexus[Symbol.asyncDispose]())

  test(proves('nothing in the tree runs on the host, whatever is asked of Nexus', 'RUN-1'), async ({ skip }) => {
    if (lack !== undefined) return skip(lack)
    // Only the daemon has the planted programs in front: the client is the person's own doing.
    const own = nexus.env.PATH ?? ''
    nexus.env.PATH = `${join(nexus.project, 'node_modules/.bin')}:${own}`
    expect((await nexus.call('daemon', 'start')).code).toBe(0)
    nexus.env.PATH = own
    const run = await nexus.run('--keep', 'echo more >>kept.txt; git add kept.txt; git -c user.name=a -c user.email=a@b commit -qm x; mkdir new; ln -s kept.txt link; chmod 600 text.txt; rm gone.txt; mv old.txt moved.txt')
    for (const words of [['show'], ['diff'], ['diff', '--json'], ['conflicts'], ['runs'], ['status'], ['doctor'], ['gc', '--dry-run']]) await nexus.call(...words, ...(['show', 'diff', 'conflicts'].includes(words[0] ?? '') ? [run.id] : []))
    expect((await nexus.call('apply', run.id)).stderr).not.toContain('mistake')
    await nexus.call('rollback', run.id)
    const copy = await nexus.run('--keep', '--backend', 'copy', 'echo more >>kept.txt')
    await nexus.call('discard', copy.id)
    await nexus.call('rerun', run.id)
    await nexus.call('discard', run.id)
    expect(readdirSync(sprung)).toEqual([])
    // The traps are good: whoever starts one is noticed.
    execFileSync(join(nexus.project, 'node_modules/.bin/rm'))
    expect(readdirSync(sprung)).toEqual(['rm'])
    rmSync(join(sprung, 'rm'))
  })

  test(proves('what would run later is flagged, and never applied unasked', 'RUN-4'), async ({ skip }) => {
    if (lack !== undefined) return skip(lack)
    const run = await nexus.run('--apply', `
      printf '#!/bin/sh\\ntouch ${sprung}/hook\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
      printf '[core]\\n\\tfsmonitor = touch ${sprung}/monitor\\n' >>.git/config; git init -q inner; printf '[core]\\n\\tfsmonitor = x\\n' >>inner/.git/config; printf 'gitdir: ../elsewhere\\n' >sub; mkdir m; printf 'gitdir: /elsewhere\\n' >m/.git
      echo 'export A=1' >.envrc; mkdir -p .github/workflows .vscode .husky .nexus .devcontainer; echo a >.github/workflows/ci.yml; echo '{}' >.vscode/tasks.json; echo a >.husky/pre-commit; echo 'a: b' >.nexus/settings.yaml; echo '{}' >.devcontainer/devcontainer.json
      git init -q --bare embedded; printf '[core]\\n\\tfsmonitor = touch ${sprung}/bare\\n' >>embedded/config; mkdir -p .git/worktrees/w .cargo .idea .cursor; echo x >.git/worktrees/w/config.worktree; echo x >.git/commondir
      echo '* filter=evil diff=evil' >.gitattributes; echo x >.cargo/config.toml; echo x >sitecustomize.py; echo x >.bashrc; echo x >.exrc; echo '{}' >.cursor/mcp.json; ln -s tools .mvn; echo '{"packageManager":"yarn@https://evil.example/y.js"}' >inner/package.json
      echo 'script-shell=./x' >.npmrc; printf '{"scripts":{"postinstall":"./x"}}' >package.json; ln -sfn /etc .claude; ln -s ../../.. up; cp /bin/true own; chmod 6755 own`)
    expect([run.status, run.exitCode]).toEqual(['kept', 0])
    const flagged = new Map(run.changes.map(({ path, flags }) => [String(path), flags]))
    for (const path of ['.git/hooks/post-checkout', '.git/config', 'inner/.git/config', 'm/.git', '.envrc', '.github/workflows/ci.yml', '.vscode/tasks.json', '.husky/pre-commit', '.devcontainer/devcontainer.json', '.npmrc', 'package.json', '.claude', 'embedded/config', 'embedded/HEAD', '.git/worktrees/w/config.worktree', '.git/commondir', '.gitattributes', '.cargo/config.toml', 'sitecustomize.py', '.bashrc', '.exrc', '.cursor/mcp.json', '.mvn', 'inner/package.json']) expect([path, flagged.get(path)]).toEqual([path, expect.arrayContaining(['auto-exec'])])
    expect([flagged.get('.nexus/settings.yaml'), flagged.get('up'), flagged.get('.claude'), flagged.get('own')]).toEqual([['nexus-settings'], ['outside-symlink'], expect.arrayContaining(['outside-symlink']), ['setuid']])
    expect(existsSync(join(nexus.project, '.github'))).toBe(false)
    await nexus.call('discard', run.id)
  })

  test(proves('folders that became links between review and apply lead nowhere', 'RUN-4'), async ({ skip }) => {
    if (lack !== undefined) return skip(lack)
    const elsewhere = join(nexus.base, 'elsewhere')
    mkdirSync(join(elsewhere, 'deep'), { recursive: true })
    writeFileSync(join(elsewhere, 'deep/file.txt'), 'mine\n')
    for (const [swapped, path] of [['swapped', 'swapped/deep/file.txt'], ['swapped/deep', 'swapped/deep/file.txt']] as const) {
      mkdirSync(join(nexus.project, 'swapped/deep'), { recursive: true })
      writeFileSync(join(nexus.project, path), 'mine\n')
      const run = await nexus.run('--keep', `echo theirs >${path}; echo new >swapped/deep/new.txt; rm -rf gone-folder`)
      renameSync(join(nexus.project, swapped), join(nexus.base, 'aside'))
      symlinkSync(swapped === 'swapped' ? elsewhere : join(elsewhere, 'deep'), join(nexus.project, swapped))
      const applied = await nexus.json<{ run: Run; conflicts: { reason: string }[] }>('apply', run.id)
      expect([applied.code, applied.run?.status]).toEqual([3, 'kept'])
      expect([readdirSync(join(elsewhere, 'deep')), readFileSync(join(elsewhere, 'deep/file.txt'), 'utf8')]).toEqual([['file.txt'], 'mine\n'])
      await nexus.call('discard', run.id)
      rmSync(join(nexus.project, swapped))
      for (const folder of [join(nexus.base, 'aside'), join(nexus.project, 'swapped')]) rmSync(folder, { recursive: true, force: true })
    }
    // The project itself, or all of it gone.
    const run = await nexus.run('--keep', 'echo new >added.txt')
    renameSync(nexus.project, join(nexus.base, 'aside'))
    for (const swap of [() => symlinkSync(elsewhere, nexus.project), () => rmSync(nexus.project)]) {
      swap()
      for (const words of [['apply', run.id], ['diff', run.id], ['conflicts', run.id]]) {
        const ended = await nexus.start([...words, '--json'], { cwd: nexus.base }).ended
        expect([words[0], ended.code, (JSON.parse(ended.stdout) as { error?: { code: string } }).error?.code]).toEqual([words[0], 126, 'project-moved'])
      }
      expect(readdirSync(elsewhere)).toEqual(['deep'])
    }
    renameSync(join(nexus.base, 'aside'), nexus.project)
    await nexus.call('discard', run.id)
  })

  test('the terminal is told of hostile names and contents in words that it does not obey', async ({ skip }) => {
    if (lack !== undefined) return skip(lack)
    const names = ['\\033]0;owned\\007', '\\033]52;c;b3duZWQ=\\007', '\\033]8;;http://evil\\033\\\\link', '\\033P1;1|17/ab\\033\\\\', '\\033Pq#0;2;0;0;0\\033\\\\', '\\033[c', '\\033[5n', '\\233\\063\\061m', 'a\\rb', 'a\\nb  + ok.txt', '\\342\\200\\256gpj.exe', '\\342\\201\\246x\\342\\201\\251', '\\303\\050', '\\177', '\\010\\010\\010safe']
    const run = await nexus.run('--keep', `${names.map((name, at) => `f=$(printf '${name}.'); touch "\${f%.}" 2>/dev/null || touch odd-${at}; `).join('')} printf '\\033]0;owned\\007\\033[2Jtext\\n' >text.txt; printf '\\033]52;c;eA==\\007'; printf '\\033[c\\033P$q"p\\033\\\\' >&2; printf '\\005'`)
    mkdirSync(join(nexus.project, '.nexus'))
    writeFileSync(join(nexus.project, '.nexus/settings.yaml'), '"\\e]52;c;eA==\\a": 1\nlimits: { "\\u202e\\e[2J": 2 }\n')
    for (const words of [['settings'], ['show', run.id], ['diff', run.id], ['runs'], ['apply', run.id, '--dry-run'], ['conflicts', run.id]]) {
      const { stdout, stderr } = await nexus.call(...words)
      // Neither escape nor other control, C1, direction marks, nor a line that a name made.
      expect([words, `${stdout}${stderr}`.match(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u)]).toEqual([words, null])
      expect(`${stdout}${stderr}`.split('\n').filter((line) => /^ *\+? *ok\.txt/.test(line))).toEqual([])
    }
    rmSync(join(nexus.project, '.nexus'), { recursive: true })
    await nexus.call('discard', run.id)
  })

  test(proves('marks that overlayfs would obey stay behind: they are never on the host, and no later run sees through them', 'RUN-4'), async ({ skip }) => {
    if (lack !== undefined) return skip(lack)
    const run = await nexus.run('--keep', '--', 'python3', '-c', [
      'import os', "os.mkdir('marked'); open('marked/file', 'w').write('a')",
      "for path in ('marked', 'marked/file', '.'):", "  for name in ('opaque', 'redirect', 'metacopy', 'whiteout', 'overlay.opaque'):",
      "    try: os.setxattr(path, 'user.overlay.' + name, b'y')", '    except OSError: pass',
    ].join('\n'))
    expect((await nexus.call('apply', run.id)).code).toBe(0)
    expect(execFileSync('python3', ['-c', "import os; print([os.listxattr(path) for path in ('marked', 'marked/file', '.')])"], { cwd: nexus.project, encoding: 'utf8' })).toBe('[[], [], []]\n')
    expect((await nexus.run('--discard', '--', 'cat', 'marked/file')).stdout).toBe('a')
    expect((await nexus.call('rollback', run.id)).code).toBe(0)
  })

  test('after all of it the project is as it was', () => {
    if (lack !== undefined) return
    expect([readFileSync(join(nexus.project, 'kept.txt'), 'utf8'), existsSync(join(nexus.project, 'gone.txt')), lstatSync(join(nexus.project, 'text.txt')).mode & 0o777, readdirSync(sprung)]).toEqual(['kept\n', true, 0o644, []])
  })
})

/** Each trap leaves its name in a folder that nobody else writes to. */
function lay(project: string, sprung: string): void {
  const git = (...words: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: project, stdio: 'ignore' })
  for (const name of ['kept.txt', 'text.txt', 'gone.txt', 'old.txt']) {
    writeFileSync(join(project, name), `${name.split('.')[0]}\n`)
    chmodSync(join(project, name), 0o644)
  }
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'first')
  const trap = (name: string) => `touch '${sprung}/${name}'`
  const plant = (path: string, name: string) => {
    writeFileSync(path, `#!/bin/sh\n${trap(name)}\n`)
    chmodSync(path, 0o755)
  }
  for (const name of HOOKS) plant(join(project, '.git/hooks', name), name)
  writeFileSync(join(project, '.git/config'), `[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "${trap('fsmonitor')};:"\n\tpager = "${trap('pager')};cat"\n\teditor = "${trap('editor')}"\n\tsshCommand = "${trap('ssh')}"\n[diff]\n\texternal = "${trap('external')};:"\n[diff "evil"]\n\ttextconv = "${trap('textconv')};cat"\n\tcommand = "${trap('command')};:"\n[filter "evil"]\n\tclean = "${trap('clean')};cat"\n\tsmudge = "${trap('smudge')};cat"\n[merge "evil"]\n\tdriver = "${trap('driver')};:"\n[gpg]\n\tprogram = "${trap('gpg')}"\n[credential]\n\thelper = "!${trap('credential')}"\n`)
  writeFileSync(join(project, '.gitattributes'), '* filter=evil diff=evil merge=evil\n')
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true })
  for (const name of PROGRAMS) {
    plant(join(project, 'node_modules/.bin', name), name)
    plant(join(project, name), name)
  }
  for (const name of ['.envrc', '.bashrc', '.profile', '.bash_profile', '.zshrc']) writeFileSync(join(project, name), `${trap(name)}\n`)
  writeFileSync(join(project, 'trap.cjs'), `require('fs').writeFileSync('${sprung}/required', '')\n`)
  writeFileSync(join(project, '.npmrc'), 'node-options=--require=./trap.cjs\nscript-shell=./node_modules/.bin/env\n')
  writeFileSync(join(project, '.env'), `NODE_OPTIONS=--require=${join(project, 'trap.cjs')}\nLD_PRELOAD=${join(project, 'trap.so')}\n`)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'trap', type: 'commonjs', main: 'trap.cjs', scripts: { preinstall: trap('preinstall'), prepare: trap('prepare') } }))
  writeFileSync(join(project, 'vitest.config.ts'), "import './trap.cjs'\n")
}
