/** The rung for machines without a C compiler: unshare, mount, setpriv and a shell. Slower, and with fewer walls. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch, LaunchEnd, LaunchOrder } from '../launch.ts'
import type { Fence } from '../limits/fence.ts'
import { findProgram } from '../programs.ts'
import type { Scene } from '../scene.ts'
import { wallsWithout } from '../walls.ts'
import { answersOn } from './answers.ts'
import { launchOf, stillborn } from './child.ts'
import type { Launcher } from './launcher.ts'
import { NATIVE_FIX } from './native.ts'
import { prepareStage } from './stage-folder.ts'
import { openDoors, type Doors } from './util-linux-doors.ts'
import { ENTER, SETUP } from './util-linux-script.ts'

const PROGRAMS = ['unshare', 'nsenter', 'mount', 'umount', 'pivot_root', 'setpriv', 'env', 'sh'] as const
type Programs = Readonly<Record<(typeof PROGRAMS)[number], string>>

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const GRACE_MS = 2000
/** A command that has ended the watch inside is ended from outside after that: unshare takes pid 1 with it. */
const KILL_PATIENCE_MS = 400
/** The longest wait for what a SIGKILL has already reached. */
const GONE_MS = 500
const ROOT_KEEPS = ['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap', 'net_bind_service', 'sys_chroot']

/** `ferry`: the program that stands at the doors of a run. */
export function utilLinuxLauncher(path: string, ferry: string): Launcher {
  const isRoot = process.geteuid?.() === 0
  return {
    name: 'util-linux',
    walls: wallsWithout({
      'private-keyring': onlyNative('no system program can leave the keyring of the daemon'),
      seccomp: onlyNative('no system program here filters system calls'),
      landlock: onlyNative('no system program here enters Landlock'),
      'abstract-sockets': onlyNative('no system program here enters Landlock'),
      'folder-renames': onlyNative('the overlay of a user renames no folder that was there before (EXDEV), and no system program here does it instead'),
      ...(findProgram('bash', path) ? {} : { 'closed-descriptors': { cause: 'sh cannot close descriptors above 9 that the daemon itself inherited; bash can', fix: 'apt-get install bash' } }),
      ...(isRoot ? { 'user-namespace': onlyNative('uid 0 is the root of the machine, with fewer capabilities') } : {}),
    }),
    gaps: ['signal', 'resize', 'reopen', 'usage', 'ports', 'secrets'],
    absence: () => absence(path),
    launch: (scene, order, around) => launch({ path, ferry, isRoot }, scene, order, around?.fence),
  }
}

function onlyNative(cause: string): { cause: string; fix: string } {
  return { cause, fix: NATIVE_FIX }
}

function absence(path: string): { cause: string; fix: string } | undefined {
  const missing = PROGRAMS.filter((name) => !findProgram(name, path))
  return missing.length === 0 ? undefined : { cause: `there is no ${missing.join(', ')}`, fix: 'apt-get install util-linux mount coreutils' }
}

interface Ground {
  readonly path: string
  readonly ferry: string
  readonly isRoot: boolean
}

function launch({ path, ferry, isRoot }: Ground, scene: Scene, order: LaunchOrder, fence: Fence | undefined): Launch {
  const found = Object.fromEntries(PROGRAMS.map((name) => [name, findProgram(name, path) ?? name])) as Programs // all of PROGRAMS, just mapped
  const programs = { ...found, sh: findProgram('bash', path) ?? found.sh }
  if ([...order.argv, ...Object.values(order.env)].some((text) => text.includes('\0'))) return stillborn('request', 'the command line or its environment holds a NUL')
  const startedAt = performance.now()
  prepareStage(scene)
  try {
    const child = start(programs.sh, ['-c', GATE, 'nexus-gate', programs.setpriv, ...wordsOf(programs, isRoot, scene, order)], order.stdin)
    if (child.pid !== undefined) fence?.enclose(child.pid)
    ;(child.stdio[3] as Duplex | null)?.write('go\n')
    const { doors } = order
    return watch(child, order, startedAt, doors && ((pid) => openDoors(pid, { ferry, setpriv: programs.setpriv, nsenter: programs.nsenter, hasOwnUsers: !isRoot, doors })))
  } catch (error) {
    // Node throws at once where the kernel refuses the size of the command line.
    return stillborn('spawn', error instanceof Error ? error.message : String(error))
  }
}

/** Nothing is started before the fence is up; the end of the daemon is the end of this, too. */
const GATE = 'read -r go <&3 && exec "$@"'

/** In a session of its own: Ctrl-C in the daemon's terminal is not meant for its runs. Where stdin is a socket, bash takes itself
 *  for a shell at the other end of a network and reads ~/.bashrc, unless it is not the first one. */
function start(program: string, words: readonly string[], hasInput: boolean): ChildProcess {
  return spawn(program, words, { stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'], env: { PATH: SYSTEM_PATH, SHLVL: '2' }, cwd: '/', detached: true })
}

/** setpriv > unshare > sh (pid 1) > setpriv > sh > the command; the first dies with the daemon, the others with it. */
function wordsOf(programs: Programs, isRoot: boolean, scene: Scene, order: LaunchOrder): string[] {
  const { unshare, setpriv, sh } = programs
  return [
    '--pdeathsig', 'KILL', unshare, ...(isRoot ? [] : ['--user', '--map-current-user', '--keep-caps']),
    '--mount', '--pid', '--ipc', '--uts', '--cgroup', ...(order.net === 'off' ? ['--net'] : []), '--propagation', 'private', '--fork', '--kill-child',
    sh, '-c', SETUP, 'nexus-init', scene.folder, order.doors ? 'doors' : order.net,
    setpriv, '--no-new-privs', '--inh-caps', '-all', '--ambient-caps', '-all', '--bounding-set', ['-all', ...(isRoot ? ROOT_KEEPS.map((name) => `+${name}`) : [])].join(','),
    sh, '-c', ENTER, 'nexus-enter', order.umask.toString(8), order.cwd, order.env.PATH ?? SYSTEM_PATH, order.argv[0] ?? '', ...commandWords(programs, order),
  ]
}

function commandWords({ env }: Programs, order: LaunchOrder): string[] {
  const words = [env, '-i', ...Object.entries(order.env).map(([name, value]) => `${name}=${value}`), ...order.argv]
  if (!order.pty) return words
  // script(1) makes the terminal; it cannot be resized later.
  const line = `stty rows ${order.pty.rows} cols ${order.pty.cols}; exec ${words.map(quoted).join(' ')}`
  return [env, '-i', `PATH=${SYSTEM_PATH}`, 'script', '-q', '-e', '-f', '-c', line, '/dev/null']
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function watch(child: ChildProcess, order: LaunchOrder, startedAt: number, open: ((pid: number) => Doors) | undefined): Launch {
  const elapsedMs = () => performance.now() - startedAt
  const { promise: told, resolve } = Promise.withResolvers<LaunchEnd>()
  const control = child.stdio[3] as Duplex | null // 'pipe' at index 3 is a socket; null when nothing was started
  const timers = new DisposableStack()
  let outcome: 'killed' | 'timed-out' | undefined
  let answer: LaunchEnd | undefined
  let isStarted = false
  let complaint = ''
  let init: number | undefined
  let doors: Doors | undefined
  const letOn = async () => {
    if (!open || doors || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    doors = open(child.pid)
    const cause = await doors.stand
    if (cause === undefined) return void control?.write('open\n')
    answer ??= { type: 'failed', step: 'doors', cause, durationMs: elapsedMs(), usage: null }
    control?.destroy()
  }
  const kill = (as: 'killed' | 'timed-out') => {
    outcome ??= as
    // The end of descriptor 3 ends everybody inside, then pid 1, then unshare: in that order nothing is left behind.
    control?.destroy()
    after(timers, KILL_PATIENCE_MS, () => {
      init = initOf(child)
      child.kill('SIGKILL')
    })
  }
  const heard = endOfWords(control)
  answersOn(control, elapsedMs, { doors: () => void letOn(), started: () => { isStarted = true }, ended: (end) => { answer ??= end } })
  // Until the command runs, what comes on stderr comes from unshare or setpriv.
  child.stderr?.on('data', (chunk: Buffer) => { if (!isStarted) complaint += chunk.toString() })
  if (order.timeoutMs !== undefined) {
    after(timers, order.timeoutMs, () => {
      outcome ??= 'timed-out'
      control?.write('term\n')
      after(timers, GRACE_MS, () => kill('timed-out'))
    })
  }
  child.once('error', (error) => resolve({ type: 'failed', step: 'spawn', cause: error.message, durationMs: elapsedMs(), usage: null }))
  child.once('exit', (exitCode, signal) => {
    timers.dispose()
    // By itself, unshare ends after pid 1, and with that nothing of the run is alive; when it was killed, it ends before.
    void Promise.all([heard, gone(init), doors?.close()]).then(() => {
      const rest = { durationMs: elapsedMs(), usage: null }
      if (outcome) resolve({ type: outcome, ...rest })
      else if (answer) resolve(answer)
      else if (isStarted && exitCode !== null) resolve({ type: 'exited', exitCode, ...rest })
      else resolve({ type: 'failed', step: 'unshare', cause: complaint.split('\n')[0] || `it ended with ${signal ?? exitCode} and no word`, ...rest })
    })
  })
  return launchOf(child, { told, resize() {}, terminate: () => { control?.write('term\n') }, kill: () => kill('killed') })
}

function after(timers: DisposableStack, delayMs: number, action: () => void): void {
  const timer = setTimeout(action, delayMs)
  timers.defer(() => clearTimeout(timer))
}

/** The process on the host that is pid 1 inside. Asked only while unshare is alive: a pid may be used again. */
function initOf({ pid, exitCode, signalCode }: ChildProcess): number | undefined {
  if (pid === undefined || exitCode !== null || signalCode !== null) return undefined
  try {
    const [init] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return init ? Number(init) : undefined
  } catch {
    return undefined // it has just ended, or this kernel does not tell
  }
}

/** The answers were written before the end, but may arrive after it. */
function endOfWords(control: Duplex | null): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (control) control.once('close', resolve).once('end', resolve)
  else resolve()
  return promise
}

async function gone(init: number | undefined): Promise<void> {
  for (let waited = 0; init !== undefined && existsSync(`/proc/${init}`) && waited < GONE_MS; waited += 5) await sleep(5)
}
