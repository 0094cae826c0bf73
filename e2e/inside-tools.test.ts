/** Tools that come near a wall and must not notice it: debuggers, tracers, databases, process pools, terminals. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { needs } from './needs.ts'
import { Nexus } from './nexus.ts'

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
  const run = await nexus.run('--discard', `sqlite3 data.db "pragma journal_mode=wal; create table t(x); insert into t values (1)" && (sqlite3 data.db "insert into t values (2)" & sqlite3 -cmd ".timeout 5000" data.db "insert into t values (3)"; wait) && sqlite3 data.db "select count(*) from t; pragma integrity_check"`)
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
