import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { externalGitFolders } from './git-folder.ts'

const hasGit = ['/usr/bin/git', '/usr/local/bin/git', '/bin/git'].some((path) => existsSync(path))
let folder: string
beforeEach(() => { folder = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-git-'))) })
afterEach(() => rmSync(folder, { recursive: true }))

function git(at: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always', ...args], { cwd: join(folder, at), stdio: 'ignore' })
}

describe('with git', () => {
  beforeEach(({ skip }) => {
    if (!hasGit) skip('needs git: apt-get install git')
    mkdirSync(join(folder, 'main'))
    git('main', 'init')
    git('main', 'commit', '--allow-empty', '-m', 'first')
  })

  test('an ordinary repository has none', () => {
    expect(externalGitFolders(join(folder, 'main'))).toEqual([])
  })

  test('a worktree has that of its repository', () => {
    git('main', 'worktree', 'add', '../tree')
    expect(externalGitFolders(join(folder, 'tree'))).toEqual([join(folder, 'main/.git')])
  })

  test('a submodule has its own', () => {
    mkdirSync(join(folder, 'super'))
    git('super', 'init')
    git('super', 'submodule', 'add', join(folder, 'main'), 'part')
    expect(externalGitFolders(join(folder, 'super/part'))).toEqual([join(folder, 'super/.git/modules/part')])
  })

  test('a .git file that names somebody else\'s repository opens nothing', () => {
    mkdirSync(join(folder, 'thief'))
    writeFileSync(join(folder, 'thief/.git'), `gitdir: ${folder}/main/.git\n`)
    expect(externalGitFolders(join(folder, 'thief'))).toEqual([])
    git('main', 'worktree', 'add', '../tree')
    writeFileSync(join(folder, 'thief/.git'), `gitdir: ${folder}/main/.git/worktrees/tree\n`)
    expect(externalGitFolders(join(folder, 'thief'))).toEqual([])
  })
})

test('a .git file that names any other folder opens nothing', () => {
  mkdirSync(join(folder, '.ssh'))
  mkdirSync(join(folder, 'p'))
  for (const named of [join(folder, '.ssh'), '../.ssh', '/', '.', '', join(folder, 'nowhere')]) {
    writeFileSync(join(folder, 'p/.git'), `gitdir: ${named}\n`)
    expect(externalGitFolders(join(folder, 'p'))).toEqual([])
  }
})

test('a .git that is a pipe, a device or no end of a file holds nobody up', () => {
  mkdirSync(join(folder, 'p'))
  for (const plant of [() => execFileSync('mkfifo', [join(folder, 'p/.git')]), () => symlinkSync('/dev/zero', join(folder, 'p/.git')), () => writeFileSync(join(folder, 'p/.git'), `gitdir: ${'x'.repeat(1 << 20)}\n`)]) {
    plant()
    expect(externalGitFolders(join(folder, 'p'))).toEqual([])
    rmSync(join(folder, 'p/.git'))
  }
})
