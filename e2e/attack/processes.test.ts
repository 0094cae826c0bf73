/** Against other processes: signals, tracing, staying alive, and the one process of ours that is inside. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { family, type Attack } from './attack.ts'
import type { Bait } from './bait.ts'

const shell = (name: string, says: Attack['says'], sh: (bait: Bait) => string, also?: Attack['also']): Attack => ({ name, says, program: (bait) => ({ sh: sh(bait) }), ...(also ? { also } : {}) })

/** Sleeps for a number of seconds that is the family's own. */
const SLEEP = 47_110 + (process.pid % 1000)
const noneLeft: Attack['also'] = () => {
  const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`sleep\0${SLEEP}`)
    } catch {
      return false // it has just ended
    }
  })
  expect(left).toEqual([])
}

family('processes', [
  shell('ends processes of the host', 'done', ({ victim }) => `kill -KILL ${victim} ${process.pid} 2>/dev/null && echo killed; pkill -KILL -f nexus-daemon 2>/dev/null; echo done`),
  shell('ends everybody it can', '', () => 'kill -KILL -1; kill -TERM -1; :'),
  shell('ends, stops and traces the first process inside', /^traced (EPERM|ESRCH)\nread (EPERM|ESRCH)\nalive$/, () => `
    kill -KILL 1 2>/dev/null; kill -STOP 1 2>/dev/null; kill -SEGV 1 2>/dev/null; sleep 0.05
    python3 - <<'PY'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, result): print(name, 'DONE' if result >= 0 else errno.errorcode[ctypes.get_errno()])
attempt('traced', libc.ptrace(16, 1, None, None))
class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
attempt('read', libc.process_vm_readv(1, ctypes.byref(Vector(ctypes.addressof(buffer), 8)), 1, ctypes.byref(Vector(0x400000, 8)), 1, 0))
PY
    echo alive`),
  { name: 'takes descriptors out of the first process', says: /^(pidfd E\w+|get EPERM|get ESRCH)$/, program: () => ({ c: `
    int first = (int)syscall(434, 1, 0);
    if (first < 0) TRY("pidfd", syscall(434, 1, 0));
    else TRY("get", syscall(438, first, 3, 0));` }) },
  shell('goes on after its end: in the background', 'gone', () => `sleep ${SLEEP} & nohup sleep ${SLEEP} >/dev/null 2>&1 & echo gone`, noneLeft),
  shell('goes on after its end: in another session, twice removed', 'gone', () => `(setsid sh -c 'setsid sleep ${SLEEP} </dev/null >/dev/null 2>&1 &' &) ; sleep 0.1; echo gone`, noneLeft),
  { name: 'goes on after its end: a demon that ignores every signal', says: 'gone', program: () => ({ python: `
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        os.execvp('sleep', ['sleep', '${SLEEP}'])
    os._exit(0)
time.sleep(0.1)
print('gone', flush=True)
` }), also: noneLeft },
  shell('goes on after its end: stopped', 'gone', () => `sleep ${SLEEP} & kill -STOP $!; echo gone`, noneLeft),
  { name: 'goes on after its end: held by a tracer that has gone, and before it ever was a program', says: 'gone', program: () => ({ c: `
    pid_t traced = fork();
    if (traced == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); execlp("sleep", "sleep", "${SLEEP}", NULL); }
    waitpid(traced, NULL, 0);
    pid_t other = fork();
    if (other == 0) {
      setsid();
      for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
      if (vfork() == 0) { execlp("sleep", "sleep", "${SLEEP}", NULL); _exit(1); }
      for (;;) pause();
    }
    usleep(100000);
    puts("gone");` }), also: noneLeft },
  { name: 'goes on after its end: holding the output', says: 'gone', program: () => ({ node: `
const { spawn } = require('child_process')
spawn('sleep', ['${SLEEP}'], { detached: true, stdio: 'inherit' }).unref()
console.log('gone')
process.exit(0)` }), also: noneLeft },
  { name: 'ends while a child never stops to fork', says: 'gone', program: () => ({ python: `
import os, sys, time
if os.fork() == 0:
    while True:
        try:
            if os.fork(): os._exit(0)
            os.setsid()
        except OSError: time.sleep(0.01)
print('gone', flush=True)
` }) },
  shell('asks for more than its share of the processor', /^nice \w+\nreal-time refused\nbefore all others refused$/, () => `
    if nice -n -20 true 2>&1 | grep -q .; then echo nice refused; else echo nice; fi
    chrt -f 99 true 2>/dev/null && echo real-time || echo real-time refused
    ionice -c 1 -n 0 true 2>/dev/null && echo before all others || echo before all others refused`),
  shell('spares itself when memory runs out', /^(refused|-?\d+)$/, () => '{ echo -1000 > /proc/self/oom_score_adj; } 2>/dev/null && cat /proc/self/oom_score_adj || echo refused'),
  // Zero bytes would be ignored by a pattern that is a program, as many systems have one: that would start on the host.
  shell('has a crash handler of the host look at it', '1 1', () => `awk '/^Max core file size/ { print $5, $6 }' /proc/self/limits`),
  { name: 'tells the kernel to start a program of the host when it crashes', says: /^ended by 11( \(core\))?$/, program: () => ({ python: `
import os, signal
child = os.fork()
if child == 0:
    import resource
    try: resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
    except (ValueError, OSError): pass
    os.kill(os.getpid(), signal.SIGSEGV)
print('ended by', os.WTERMSIG(os.waitpid(child, 0)[1]))
` }), also: (run) => { expect(run.changes.filter(({ path }) => String(path).startsWith('core'))).toEqual([]) } },
  { name: 'debuggers work among its own', says: 'attached 0\nread 8\nown word', program: () => ({ python: `
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
word = ctypes.create_string_buffer(b'own word')
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.read(reading, 1)
    os._exit(0)
print('attached', libc.ptrace(16, child, None, None))
os.waitpid(child, 0)
class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
copy = ctypes.create_string_buffer(8)
print('read', libc.process_vm_readv(child, ctypes.byref(Vector(ctypes.addressof(copy), 8)), 1, ctypes.byref(Vector(ctypes.addressof(word), 8)), 1, 0))
print(copy.raw.decode(), flush=True)
os.kill(child, signal.SIGKILL)
` }) },
])
