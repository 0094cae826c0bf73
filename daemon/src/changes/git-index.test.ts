import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { entriesOf } from './git-index.ts'

const hasGit = spawnSync('git', ['--version']).status === 0
beforeEach(({ skip }) => { if (!hasGit) skip('needs git: apt-get install git') })

/** A repository with a commit; what a shell line makes of it; the index afterwards. */
class Repository implements Disposable {
  readonly #folder = fs.mkdtempSync(join(tmpdir(), 'nexus-index-'))

  constructor(...options: string[]) {
    execFileSync('git', ['init', '-q', ...options], { cwd: this.#folder })
    this.do('git config user.name n; git config user.email e@e; mkdir -p src/deep; for i in 1 2 3; do echo $i >src/deep/file$i; done; echo 1 >README; git add .; git commit -qm one')
  }

  do(shell: string): string | null {
    execFileSync('sh', ['-ec', shell], { cwd: this.#folder, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' } })
    return entriesOf(this.bytes())
  }

  bytes(): Buffer {
    return fs.readFileSync(join(this.#folder, '.git/index'))
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }
}

test.each([['2', []], ['4', []], ['2', ['--object-format=sha256']], ['4', ['--object-format=sha256']]] as const)('version %s %j: a refreshed index says the same, another entry something else', (version, options) => {
  using repository = new Repository(...options)
  const first = repository.do(`git update-index --index-version ${version}`)
  expect(first).toMatch(/^[0-9a-f]{64}$/)
  const bytes = repository.bytes()
  expect(repository.do('touch -d 2001-02-03 README src/deep/file1; git status')).toBe(first)
  expect(repository.bytes().equals(bytes)).toBe(false)
  const seen = new Set([first])
  for (const shell of ['echo 2 >README; git add README', 'git update-index --chmod=+x README', 'git mv README READ', 'git rm -q --cached src/deep/file2', 'git update-index --assume-unchanged READ', 'git update-index --skip-worktree src/deep/file1', 'echo n >new; git add -N new']) {
    const now = repository.do(shell)
    expect(now, shell).not.toBeNull()
    expect(seen.has(now), shell).toBe(false)
    seen.add(now)
  }
})

test('one whose names are far larger than itself is not read: it would take hours', () => {
  const entry = (name: string, drop: number) => Buffer.concat([Buffer.alloc(62), Buffer.from([drop]), Buffer.from(`${name}\0`)])
  const index = (count: number, longest: number) => {
    const head = Buffer.concat([Buffer.from('DIRC'), Buffer.from([0, 0, 0, 4]), Buffer.alloc(4)])
    head.writeUInt32BE(count, 8)
    return Buffer.concat([head, entry('n'.repeat(longest), 0), ...Array.from({ length: count - 1 }, () => entry('x', 1)), Buffer.alloc(20)])
  }
  expect(entriesOf(index(1000, 100))).toMatch(/^[0-9a-f]{64}$/)
  expect(entriesOf(index(30_000, 1_000_000))).toBeNull()
})

test('caches of git do not count', () => {
  using repository = new Repository()
  const first = repository.do('true')
  expect(repository.do('git update-index --untracked-cache; git write-tree; git status')).toBe(first)
})

test('what is not understood is not compared: a shared base, a damaged file', () => {
  using repository = new Repository()
  const whole = repository.bytes()
  expect(repository.do('git update-index --split-index')).toBeNull()
  for (const damaged of [whole.subarray(0, 50), Buffer.concat([whole, Buffer.from('x')]), Buffer.alloc(100), Buffer.alloc(0), Buffer.from(whole).fill(0xff, 40, 60)]) expect(entriesOf(damaged)).toBeNull()
})

test('an index without a checksum is read, too', () => {
  using repository = new Repository()
  const first = repository.do('true')
  const bytes = Buffer.from(repository.bytes())
  expect(entriesOf(bytes.fill(0, bytes.length - 20))).toBe(first)
})
