/** What a command sees inside: the project as it is, the rest read-only or hidden, no network, real tools at work. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { needs, needsRegistry } from './needs.ts'
import { Nexus, removeTree, root } from './nexus.ts'
import { proves } from './requirements.ts'

let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

const put = (path: string, text: string) => {
  mkdirSync(join(nexus.project, path, '..'), { recursive: true })
  writeFileSync(join(nexus.project, path), text)
}
const paths = (run: Run) => run.changes.map(({ path, kind }) => `${kind} ${typeof path === 'string' ? path : path.base64}`).sort()
const host = (...argv: [string, ...string[]]) => spawnSync(argv[0], argv.slice(1), { cwd: nexus.project, encoding: 'utf8', env: { ...nexus.env, GIT_CONFIG_NOSYSTEM: '1', GIT_OPTIONAL_LOCKS: '0' } })

describe(proves('walls', 'RUN-1'), () => {
  test('the rest of the file system is read-only', async () => {
    const run = await nexus.run('for d in / /usr /etc /var /opt; do touch "$d/nexus-was-here" 2>/dev/null && echo "wrote $d"; done; true')
    expect({ stdout: run.stdout, exitCode: run.exitCode }).toEqual({ stdout: '', exitCode: 0 })
  })

  test('the home is private, at its own path, with nothing of the host but places for package caches', async () => {
    writeFileSync(join(nexus.userHome, 'secret'), 'key')
    mkdirSync(join(nexus.userHome, '.ssh'))
    const run = await nexus.run("cd && pwd && ls -A | grep -vxE '.gitconfig|.cache|.cargo|.local|.npm'; find . -type f ! -name .gitconfig; cat secret; true")
    expect(run.stdout).toBe(`${nexus.userHome}\n`)
  })

  test('the state of Nexus is out of sight', async () => {
    const run = await nexus.run(`ls -A '${join(nexus.base, 'state')}' 2>/dev/null; ls -A '${join(nexus.base, 'state/run')}' 2>/dev/null; true`)
    expect(run.stdout).toBe('')
  })

  test('a state folder inside the project is masked, and is never a change', async () => {
    const own = join(nexus.project, 'nexus-state')
    nexus.env.NEXUS_HOME = own
    const run = await nexus.run('ls -A nexus-state 2>/dev/null; echo 1 > a; rm -rf nexus-state 2>/dev/null; true')
    expect({ stdout: run.stdout, changes: paths(run) }).toEqual({ stdout: '', changes: ['added a'] })
    await nexus.call('daemon', 'stop')
    // Nor is it found by another name, in this run or the next, when the folders around it are moved.
    removeTree(own)
    nexus.env.NEXUS_HOME = join(nexus.project, 'deep/own/nexus-state')
    const moved = await nexus.run('--keep', 'mkdir other; mv deep other/ 2>/dev/null; mv deep/own other/ 2>/dev/null; rm -rf deep 2>/dev/null; find . -path ./.git -prune -o -type f -print; echo 1 > b')
    expect([moved.stdout, moved.changes.filter(({ path, after }) => after?.type === 'file' || String(path).startsWith('deep')).map(({ path }) => path)]).toEqual(['', ['b']])
    expect((await nexus.run('--on', moved.id, 'find . -name "nexus.db*" -o -name token')).stdout).toBe('')
    await nexus.call('daemon', 'stop')
    removeTree(join(nexus.project, 'deep'))
  })

  test('no network but lo, and lo is up', async () => {
    const server = createServer((socket) => socket.end('from outside'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    try {
      const line = `node -e "const n=require('node:net');const s=n.createServer(c=>c.end('own')).listen(0,'127.0.0.1',()=>n.connect(s.address().port,'127.0.0.1').on('data',d=>{console.log(String(d));n.connect(${port},'127.0.0.1').on('data',d=>console.log(String(d))).on('error',e=>console.log(e.code)).on('close',()=>process.exit())}))"`
      expect((await nexus.run(line)).stdout).toBe('own\nECONNREFUSED\n')
      const open = await nexus.run('--net', 'on', line)
      expect({ stdout: open.stdout, flags: open.flags }).toEqual({ stdout: 'own\nfrom outside\n', flags: ['host-network'] })
    } finally {
      server.close()
    }
  })

  test('own processes only', async () => {
    const run = await nexus.run('ls /proc | grep -c "^[0-9]"; kill -0 ' + process.pid + ' 2>/dev/null && echo sees the host; true')
    expect(run.stdout).not.toContain('sees the host')
    expect(Number(String(run.stdout).split('\n')[0])).toBeLessThan(12)
  })

  test('no privileges to be had, and none to be gained', async () => {
    const run = await nexus.run('grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; mount -t tmpfs none /mnt 2>/dev/null && echo mounted; mknod d c 1 1 2>/dev/null && echo device; chroot / mount -o remount,rw / 2>/dev/null && echo remounted; true')
    const [effective, bounding] = ['CapEff', 'CapBnd'].map((name) => BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(String(run.stdout))?.[1] ?? ''}`))
    // Root keeps what makes npm, tar and make behave as root over the layer's own files: chown, setuid and their like.
    const ofContainedRoot = [0n, 1n, 3n, 4n, 5n, 6n, 7n, 8n, 10n, 18n].reduce((all, bit) => all | (1n << bit), 0n)
    const allowed = process.getuid?.() === 0 ? ofContainedRoot : 0n
    expect({ effective: (effective ?? -1n) & ~allowed, bounding: (bounding ?? -1n) & ~ofContainedRoot }).toEqual({ effective: 0n, bounding: 0n })
    expect(run.stdout).toMatch(/^NoNewPrivs:\s*1$/m)
    for (const word of ['mounted', 'device', 'remounted']) expect(run.stdout).not.toContain(word)
  })

  test('nothing of the environment but what is allowed', async () => {
    Object.assign(nexus.env, { AWS_SECRET_ACCESS_KEY: 'no', NPM_TOKEN: 'no', LC_TIME: 'C', EDITOR: 'vi' })
    const run = await nexus.run('env | sort')
    const names = String(run.stdout).split('\n').map((line) => line.split('=')[0])
    expect(names).toContain('LC_TIME')
    expect(names).toContain('EDITOR')
    for (const secret of ['AWS_SECRET_ACCESS_KEY', 'NPM_TOKEN', 'NEXUS_HOME', 'NEXUS_PORT']) expect(names).not.toContain(secret)
  })

  test('the umask and the directory are the caller\'s', async () => {
    mkdirSync(join(nexus.project, 'sub'))
    const { stdout } = await nexus.start(['run', '--json', 'pwd; umask; echo 1 > made; stat -c %a made'], { cwd: join(nexus.project, 'sub') }).ended
    const { run } = JSON.parse(stdout) as { run: Run }
    expect(run.stdout).toBe(`${join(nexus.project, 'sub')}\n${process.umask().toString(8).padStart(4, '0')}\n${(0o666 & ~process.umask()).toString(8)}\n`)
  })
})

describe('real tools', () => {
  test(proves('git: commit and mv of files are one change set; status changes nothing', 'RUN-3'), async ({ skip }) => {
    needs(skip, 'git')
    put('a.txt', 'one\n')
    put('b.txt', 'two\n')
    host('git', 'init', '-q')
    host('git', '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first')
    writeFileSync(join(nexus.userHome, '.gitconfig'), '[user]\n\tname = Ada\n\temail = ada@example.org\n[credential]\n\thelper = store\n')
    const looked = await nexus.run('git status --porcelain && git log --oneline | wc -l && git config credential.helper; true')
    expect({ status: looked.status, stdout: looked.stdout }).toEqual({ status: 'unchanged', stdout: '?? a.txt\n?? b.txt\n1\n' })

    const run = await nexus.run('--keep', 'git add . && git commit -q -m second && git mv a.txt c.txt && git commit -q -m third && git log --format="%an %ae %s"')
    expect(run.stdout).toBe('Ada ada@example.org third\nAda ada@example.org second\nA a@b first\n')
    expect(paths(run)).toContain('renamed c.txt')
    expect(host('git', 'log', '--oneline').stdout.split('\n')).toHaveLength(2)
    expect((await nexus.call('apply', run.id)).code).toBe(0)
    expect(host('git', 'log', '--format=%s').stdout).toBe('third\nsecond\nfirst\n')
    expect(host('git', 'status', '--porcelain').stdout).toBe('')
    expect(host('git', 'fsck', '--strict').status).toBe(0)
    expect((await nexus.call('rollback', run.id)).code).toBe(0)
    expect(host('git', 'log', '--format=%s').stdout).toBe('first\n')
  })

  test('make and a compiler: what was built is newer than its source, also after the apply', async ({ skip }) => {
    needs(skip, 'make', 'gcc')
    put('hello.c', '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    put('Makefile', 'hello: hello.c\n\tcc -o hello hello.c\n')
    const run = await nexus.run('--keep', 'make && ./hello')
    expect({ stdout: String(run.stdout).split('\n').at(-2), changes: paths(run) }).toEqual({ stdout: 'hello', changes: ['added hello'] })
    expect((await nexus.call('apply', run.id)).code).toBe(0)
    expect(host('make').stdout).toContain('up to date')
    expect(host('./hello').stdout).toBe('hello\n')
  })

  test('python3 writes files and sees its standard library', async ({ skip }) => {
    needs(skip, 'python3')
    const run = await nexus.run('--keep', `python3 -c "import json, pathlib; pathlib.Path('d').mkdir(); pathlib.Path('d/x.json').write_text(json.dumps({'a': 1}))"`)
    expect({ exitCode: run.exitCode, stderr: run.stderr, changes: paths(run) }).toEqual({ exitCode: 0, stderr: '', changes: ['added d', 'added d/x.json'] })
  })

  test('tsc of the project\'s own node_modules compiles it', async () => {
    put('src/a.ts', 'export const a: number = 1\n')
    put('package.json', '{"type":"module"}')
    put('tsconfig.json', '{"compilerOptions":{"outDir":"out","rootDir":"src","module":"nodenext","target":"es2022","types":[]},"include":["src"]}')
    // As npm would have installed it: the package, and beside it the one with the compiler for this platform.
    const typescript = realpathSync(join(root, 'node_modules/typescript'))
    const [platform = ''] = readdirSync(join(typescript, '../@typescript'))
    for (const [name, folder] of [['typescript', typescript], [`@typescript/${platform}`, realpathSync(join(typescript, '../@typescript', platform))]] as const) {
      cpSync(folder, join(nexus.project, 'node_modules', name), { recursive: true })
    }
    const run = await nexus.run('--keep', 'node node_modules/typescript/bin/tsc && cat out/a.js')
    expect({ exitCode: run.exitCode, stderr: run.stderr, stdout: run.stdout, changes: paths(run) }).toEqual({ exitCode: 0, stderr: '', stdout: 'export const a = 1;\n', changes: ['added out', 'added out/a.js'] })
  })

  test('npm install with the network on; a package script that changed is flagged', async ({ skip }) => {
    needsRegistry(skip)
    put('package.json', '{"name":"e2e","version":"1.0.0","dependencies":{"is-number":"7.0.0"}}')
    const registry = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim()
    // Where a proxy signs anew, the machine says so in a variable that stays outside; npm takes the file as an option.
    const authority = process.env.NODE_EXTRA_CA_CERTS ? `--cafile='${process.env.NODE_EXTRA_CA_CERTS}'` : ''
    const run = await nexus.run('--net', 'on', '--keep', `npm install --no-audit --no-fund --registry='${registry}' ${authority} && node -p 'require("is-number")(7)'`)
    expect(run.exitCode, `${String(run.stdout)}${String(run.stderr)}`).toBe(0)
    expect({ last: String(run.stdout).trim().split('\n').at(-1), flags: run.flags }).toEqual({ last: 'true', flags: ['host-network'] })
    expect(paths(run)).toContain('added node_modules/is-number/index.js')
    expect(existsSync(join(nexus.project, 'node_modules'))).toBe(false)
    expect((await nexus.call('apply', run.id)).code).toBe(0)
    expect(host('node', '-p', 'require("is-number")(7)').stdout).toBe('true\n')

    const scripts = await nexus.run('--apply', 'npm pkg set scripts.postinstall="echo hi"')
    expect({ status: scripts.status, flags: scripts.changes.find(({ path }) => path === 'package.json')?.flags }).toEqual({ status: 'kept', flags: ['auto-exec'] })
  })

  test('a private bin of the project and a hostile PATH entry', async () => {
    put('bin/greet', '#!/bin/sh\necho "hello $1"\n')
    chmodSync(join(nexus.project, 'bin/greet'), 0o755)
    expect((await nexus.run('./bin/greet you')).stdout).toBe('hello you\n')
    nexus.env.PATH = `${join(nexus.project, 'bin')}:${nexus.env.PATH}`
    expect((await nexus.run('--', 'greet', 'me')).stdout).toBe('hello me\n')
  })

  test('a copy of a whole tree and back is no change', async () => {
    cpSync(join(root, 'protocol/src'), join(nexus.project, 'src'), { recursive: true })
    const run = await nexus.run('--keep', 'cp -a src elsewhere && rm -rf src && mv elsewhere src')
    expect({ changes: paths(run), status: run.status }).toEqual({ changes: [], status: 'unchanged' })
    expect(readFileSync(join(nexus.project, 'src/id.ts'), 'utf8')).toBe(readFileSync(join(root, 'protocol/src/id.ts'), 'utf8'))
  })
})
