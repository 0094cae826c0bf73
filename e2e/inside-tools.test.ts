/** Tools that come near a wall and must not notice it: debuggers, tracers, databases, process pools, terminals, package managers. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs, needsRegistry } from './needs.ts'
import { Nexus, root } from './nexus.ts'
import { furnish } from './real-project.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeAll(() => {
  nexus = new Nexus()
  writeFileSync(join(nexus.project, 'add.c'), '#include <stdio.h>\nint add(int a, int b) { return a + b; }\nint main(void) { printf("%d\\n", add(2, 3)); return 0; }\n')
})
afterAll(() => nexus[Symbol.asyncDispose]())

test('gdb stops, looks and goes on', async ({ skip }) => {
  needs(skip, 'gdb', 'gcc')
  const run = await nexus.run('--discard', "gcc -g -O0 -o add add.c && gdb -q -nx -batch -ex 'break add' -ex run -ex 'print a + b' -ex continue ./add 2>&1")
  expect(run.stdout).toMatch(/\$1 = 5\n[^]*exited normally/)
  expect(run.stdout).not.toMatch(/Error disabling address space|Operation not permitted/)
})

test('strace follows children', async ({ skip }) => {
  needs(skip, 'strace')
  const run = await nexus.run('--discard', 'strace -f -o trace sh -c "sh -c :; echo traced" && cut -d" " -f1 trace | sort -u | wc -l')
  expect({ stdout: run.stdout, exitCode: run.exitCode }).toEqual({ stdout: 'traced\n2\n', exitCode: 0 })
})

test('sqlite with a write-ahead log, and locks between processes', async ({ skip }) => {
  needs(skip, 'sqlite3')
  // Both wait for their turn: whoever does not is told that the database is locked, outside as well.
  const run = await nexus.run('--discard', `sqlite3 data.db "pragma journal_mode=wal; create table t(x); insert into t values (1)" && (sqlite3 -cmd ".timeout 20000" data.db "insert into t values (2)" & sqlite3 -cmd ".timeout 20000" data.db "insert into t values (3)"; wait) && sqlite3 data.db "select count(*) from t; pragma integrity_check"`)
  expect(run.stdout).toBe('wal\n3\nok\n')
})

test('python: process pools with semaphores and shared memory, virtual environments, temporary sockets', async ({ skip }) => {
  needs(skip, 'python3')
  writeFileSync(join(nexus.project, 'pool.py'), `
import multiprocessing, multiprocessing.shared_memory as shared, tempfile, socket, os
def square(x): return x * x
if __name__ == '__main__':
    with multiprocessing.get_context('spawn').Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
    memory = shared.SharedMemory(create=True, size=16); memory.buf[:2] = b'ok'; print(bytes(memory.buf[:2]).decode()); memory.close(); memory.unlink()
    with tempfile.TemporaryDirectory() as folder:
        one = socket.socket(socket.AF_UNIX); one.bind(folder + '/s'); one.listen(); two = socket.socket(socket.AF_UNIX); two.connect(folder + '/s'); print('socket')
    print(len(os.sched_getaffinity(0)) > 0, socket.gethostbyname('localhost'), len(socket.if_nameindex()))
`)
  const run = await nexus.run('--discard', 'python3 pool.py')
  expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: '[1, 4, 9]\nok\nsocket\nTrue 127.0.0.1 1\n', stderr: '' })
  const hasVenv = spawnSync('/usr/bin/python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' }).status === 0
  if (hasVenv) expect((await nexus.run('--discard', 'python3 -m venv --without-pip env && . env/bin/activate && python -c "import sys; print(sys.prefix)"')).stdout).toBe(`${nexus.project}/env\n`)
})

test('node: workers, children, file watching, network interfaces, a server of its own', async () => {
  mkdirSync(join(nexus.project, 'watched'), { recursive: true })
  writeFileSync(join(nexus.project, 'many.mjs'), `
import { Worker } from 'node:worker_threads'
import { fork, execFileSync } from 'node:child_process'
import { watch, promises as fs } from 'node:fs'
import { createServer } from 'node:http'
import os from 'node:os'
if (process.argv[2] === 'child') { process.send('child'); process.exit() }
const told = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve))
console.log(await told(new Worker('require("worker_threads").parentPort.postMessage("worker")', { eval: true }), 'message'))
console.log(await told(fork(process.argv[1], ['child']), 'message'))
const watcher = watch('watched')
setTimeout(() => fs.writeFile('watched/new', ''), 50)
console.log(await told(watcher, 'change')); watcher.close()
console.log(Object.keys(os.networkInterfaces()))
const server = createServer((_, answer) => answer.end('served')).listen(0)
await told(server, 'listening')
console.log(await (await fetch('http://localhost:' + server.address().port)).text()); server.close()
console.log(execFileSync('sh', ['-c', 'echo child of a shell']).toString().trim())
await fs.copyFile(process.argv[1], '/tmp/copy'); await fs.rm('/tmp/copy')
`)
  const run = await nexus.run('--discard', 'node many.mjs')
  expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: "worker\nchild\nrename\n[ 'lo' ]\nserved\nchild of a shell\n", stderr: '' })
})

test('a terminal of its own: script, stty, job control', async ({ skip }) => {
  needs(skip, 'script')
  const run = await nexus.run('--discard', `script -qec 'stty size >/dev/null && tty && bash -ic "sleep 0.1 & wait; jobs; echo jobs work" 2>&1' /dev/null`)
  expect(run.stdout).toMatch(/\/dev\/pts\/\d+/)
  expect(run.stdout).toContain('jobs work')
  expect(run.stdout).not.toContain('no job control')
})

test('programs for another layout of memory start: setarch, and what it wraps', async ({ skip }) => {
  needs(skip, 'setarch')
  const run = await nexus.run('--discard', 'setarch -R true && linux32 true && setarch -R linux32 uname -r')
  expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
})

test('the setting sandbox.nested lets a command make user namespaces, and nothing else', async ({ skip }) => {
  needs(skip, 'unshare')
  expect((await nexus.run('--discard', 'unshare -U true 2>/dev/null || echo refused')).stdout).toBe('refused\n')
  await using open = new Nexus()
  mkdirSync(join(open.base, 'state'), { mode: 0o700 })
  writeFileSync(join(open.base, 'state/config.yaml'), 'sandbox: { nested: true }\n')
  expect((await open.run('--discard', 'unshare -U echo made; unshare -Um mount -t tmpfs x /mnt 2>/dev/null || echo no mounts')).stdout).toBe('made\nno mounts\n')
})

/** A project of its own below the shared daemon, with files. */
function project(files: Readonly<Record<string, string>> = {}): { folder: string; run: (line: string, ...options: string[]) => ReturnType<Nexus['run']>; host: (line: string) => string } {
  const folder = mkdtempSync(join(nexus.base, 'project-'))
  mkdirSync(join(folder, '.nexus'))
  writeFileSync(join(folder, '.nexus/settings.yaml'), '')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const host = (line: string) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8', env: nexus.env })
    if (status !== 0) throw new Error(stderr)
    return stdout
  }
  return { folder, host, run: (line, ...options) => nexus.run('--project', folder, '--cwd', folder, ...options, line) }
}

const DEPENDENCY = { 'dep/package.json': '{"name":"dep","version":"1.0.0"}', 'dep/index.js': 'module.exports = "from dep"\n', 'package.json': '{"name":"own","version":"1.0.0"}' }
/** Builds a wheel with nothing but python: setuptools is not everywhere. */
const WHEEL = `import zipfile
def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(folder + '/own-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.write('own.py')
        for name, text in (('METADATA', 'Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n'), ('WHEEL', 'Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'), ('RECORD', '')):
            wheel.writestr('own-1.0.dist-info/' + name, text)
    return 'own-1.0-py3-none-any.whl'
`
const SAYS = "node -p 'require(\"dep\")'"

describe(proves('a project goes on outside as it came from inside', 'RUN-3', 'RUN-4'), () => {
  test('git: files moved, a branch rebased, a second worktree, a stash, a collection', async ({ skip }) => {
    needs(skip, 'git')
    const { folder, run, host } = project({ a: 'one\n', b: 'two\n' })
    Object.assign(nexus.env, { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@b' })
    host('git init -q -b main && git add . && git commit -qm first && git checkout -qb side && echo side > s && git add . && git commit -qm side && git checkout -q main && echo main >> b && git commit -qam main')
    const line = `export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b
      git mv a moved && git commit -qm moved && git checkout -q side && git rebase -q main && git worktree add -q wt main && echo w > wt/w && git -C wt add . && git -C wt commit -qm wt
      echo later >> b && git stash -q && git gc -q --prune=now && git fsck --strict 2>&1 && git log --format=%s && git -C wt log --format=%s -1 && git stash list | wc -l`
    const inside = await run(line, '--keep')
    expect({ stdout: inside.stdout, stderr: inside.stderr }).toEqual({ stdout: 'side\nmoved\nmain\nfirst\nwt\n1\n', stderr: '' })
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(host('git fsck --strict && git status --porcelain && git log --format=%s -1 && git -C wt status --porcelain && git worktree list | wc -l && git stash pop -q && tail -1 b')).toBe('?? wt/\nside\n2\nlater\n')
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(existsSync(join(folder, 'wt/w'))).toBe(true)
  })

  test('npm: a packed dependency, without network', async () => {
    const { run, host } = project(DEPENDENCY)
    const inside = await run(`npm pack --silent ./dep && npm install --offline --no-audit --no-fund --silent ./dep-1.0.0.tgz && ${SAYS}`, '--keep')
    expect({ stdout: inside.stdout, exitCode: inside.exitCode }).toEqual({ stdout: 'dep-1.0.0.tgz\nfrom dep\n', exitCode: 0 })
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(host(SAYS)).toBe('from dep\n')
  })

  test.for(['pnpm', 'yarn'] as const)('%s: the same', async (name, { skip }) => {
    const { folder, run, host } = project(DEPENDENCY)
    const program = name === 'pnpm' ? ownPnpm(folder) : fetchedYarn(skip, folder)
    host('npm pack --silent ./dep')
    writeFileSync(join(folder, 'package.json'), '{"name":"own","version":"1.0.0","dependencies":{"dep":"file:./dep-1.0.0.tgz"}}')
    const inside = await run(`${program} install --offline >log 2>&1 || cat log; ${SAYS}`, '--keep')
    expect({ stdout: inside.stdout, exitCode: inside.exitCode }).toEqual({ stdout: 'from dep\n', exitCode: 0 })
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(host(SAYS)).toBe('from dep\n')
    // The store is kept for the project: the second time everything is there.
    expect((await run(`rm -rf node_modules && ${program} install --offline >log 2>&1 && ${SAYS}`, '--discard')).stdout).toBe('from dep\n')
  })

  test('python: a virtual environment and a package of one\'s own, without network', async ({ skip }) => {
    needs(skip, 'python3')
    if (spawnSync('/usr/bin/python3', ['-c', 'import ensurepip'], { stdio: 'ignore' }).status !== 0) skip('needs ensurepip: apt-get install python3-venv')
    const { run, host } = project({ 'pkg/pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', 'pkg/own.py': 'word = "from pkg"\n', 'pkg/backend.py': WHEEL })
    const says = "env/bin/python -c 'import own; print(own.word)'"
    const inside = await run(`/usr/bin/python3 -m venv env && env/bin/pip install -q --no-index ./pkg >log 2>&1; ${says} || cat log`, '--keep')
    expect({ stdout: inside.stdout, exitCode: inside.exitCode }).toEqual({ stdout: 'from pkg\n', exitCode: 0 })
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(host(says)).toBe('from pkg\n')
  })

  test('cargo: a crate with a dependency of its own; what was built is still fresh outside', async ({ skip }) => {
    needs(skip, 'cargo', 'gcc')
    // rustup's stand-in is there although the home has no toolchain.
    if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status !== 0) skip('needs a toolchain of cargo in the home')
    showRust()
    const { run, host } = project({
      'crate/Cargo.toml': '[package]\nname = "crate"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ndep = { path = "../dep" }\n', 'crate/src/main.rs': 'fn main() { println!("{}", dep::two()) }\n',
      'dep/Cargo.toml': '[package]\nname = "dep"\nversion = "0.1.0"\nedition = "2021"\n', 'dep/src/lib.rs': 'pub fn two() -> u8 { 2 }\n',
    })
    const inside = await run('cd crate && cargo run --offline -q', '--keep')
    expect({ stdout: inside.stdout, stderr: inside.stderr, outside: inside.outside }).toEqual({ stdout: '2\n', stderr: '', outside: [] })
    expect((await nexus.call('apply', inside.id)).code).toBe(0)
    expect(host('cd crate && cargo run --offline 2>&1')).not.toContain('Compiling')
  })

  test('go and java', async ({ skip }) => {
    needs(skip, 'go', 'javac')
    const { run } = project({ 'go.mod': 'module own\ngo 1.19\n', 'main.go': 'package main\nimport "fmt"\nfunc main() { fmt.Println("from go") }\n', 'Own.java': 'public class Own { public static void main(String[] words) { System.out.println("from java"); } }\n' })
    const inside = await run('go build -o own . && ./own && javac Own.java && java Own', '--keep')
    expect({ stdout: inside.stdout, stderr: inside.stderr, changes: inside.changes.map(({ path }) => path) }).toEqual({ stdout: 'from go\nfrom java\n', stderr: '', changes: ['Own.class', 'own'] })
  })

  test('tsc --watch sees what is changed inside, files from before as well as new ones', async () => {
    const { folder, run } = project({ 'src/a.ts': 'export const a = 1\n', 'package.json': '{"type":"module"}', 'tsconfig.json': '{"compilerOptions":{"outDir":"out","rootDir":"src","module":"nodenext","target":"es2022","types":[]},"include":["src"]}' })
    const typescript = realpathSync(join(root, 'node_modules/typescript'))
    const [platform = ''] = readdirSync(join(typescript, '../@typescript'))
    for (const [name, from] of [['typescript', typescript], [`@typescript/${platform}`, realpathSync(join(typescript, '../@typescript', platform))]] as const) cpSync(from, join(folder, 'node_modules', name), { recursive: true })
    const until = (test: string) => `for i in $(seq 300); do ${test} && break; sleep 0.1; done; ${test} && echo seen`
    const inside = await run(`node node_modules/typescript/bin/tsc --watch >/dev/null 2>&1 & ${until('test -s out/a.js')}; echo 'export const a = 2' > src/a.ts; ${until("grep -q 2 out/a.js")}; echo 'export const b = 1' > src/b.ts; ${until('test -s out/b.js')}`, '--discard')
    expect(inside.stdout).toBe('seen\nseen\nseen\n')
  })

  test('vitest and tsc in a project of some thousand files', async () => {
    const { folder, run } = project()
    furnish(folder)
    const inside = await run('NO_COLOR=1 npm test --silent', '--keep')
    expect(inside.stdout, String(inside.stderr)).toMatch(/Tests {2}\d+ passed/)
    expect(inside.changes.filter(({ path }) => !String(path).startsWith('node_modules/.vite')).map(({ path }) => path)).toEqual([])
  })
})

/** The pnpm that this repository itself is installed with. */
function ownPnpm(folder: string): string {
  const name = readdirSync(join(root, '.toolchain')).find((entry) => entry.startsWith('pnpm-')) ?? ''
  const [platform = ''] = readdirSync(join(root, '.toolchain', name, 'node_modules/@pnpm'))
  cpSync(join(root, '.toolchain', name, 'node_modules/@pnpm', platform, 'pnpm'), join(folder, 'tool'))
  return './tool'
}

/** Fetched once, kept beside what this repository fetches for itself. */
function fetchedYarn(skip: (note: string) => void, folder: string): string {
  const kept = join(root, '.toolchain/test-yarn-1.22.22')
  if (!existsSync(join(kept, 'node_modules/yarn/bin/yarn.js'))) {
    needsRegistry(skip)
    expect(spawnSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', kept, 'yarn@1.22.22'], { stdio: 'inherit' }).status).toBe(0)
  }
  cpSync(join(kept, 'node_modules/yarn'), join(folder, 'tool'), { recursive: true })
  return 'node tool/bin/yarn.js --silent'
}

/** The home of a test is another than the caller's: the same toolchain, shown in that home. */
function showRust(): void {
  for (const name of ['.cargo/bin', '.rustup']) {
    if (!existsSync(join(homedir(), name)) || existsSync(join(nexus.userHome, name))) continue
    mkdirSync(dirname(join(nexus.userHome, name)), { recursive: true })
    symlinkSync(join(homedir(), name), join(nexus.userHome, name))
  }
  nexus.env.PATH = `${join(nexus.userHome, '.cargo/bin')}:${nexus.env.PATH}`
}
