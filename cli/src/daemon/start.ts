/** Starts the daemon on demand and waits until it answers; a start that fails tells its own reason. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Home } from '@nexus/protocol/home'
import { Problem, type ProblemShape } from '@nexus/protocol/problem'
import { Progress } from '../screen/progress.ts'
import { ask, textOf } from './http.ts'
import { isAbsent, problemFrom, unreachable } from './problems.ts'

const PATIENCE_MS = 30_000
const PAUSE_MS = 10
const MAIN = fileURLToPath(new URL('../../daemon/dist/nexusd.mjs', import.meta.url))

export interface Start {
  readonly home: Home
  readonly env: NodeJS.ProcessEnv
  /** Ctrl-C: the wait ends; the daemon that has been started stays. */
  readonly interrupted: AbortSignal
  /** The daemon's bundle, and how long a start may take; handed in by tests. */
  readonly main?: string
  readonly patienceMs?: number
}

/**
 * Two clients may start one each: the second daemon gives way (`already-running`) and both clients meet the first. The
 * one it gave way to may be about to stop, so after a while another start is tried.
 */
export async function startDaemon(start: Start): Promise<void> {
  using _progress = new Progress('starting the daemon')
  const patience = new Patience(start)
  while (!patience.isOver) {
    const child = launch(start)
    let exitCode: number | null | undefined
    child.once('exit', (code) => { exitCode = code })
    child.once('error', () => { exitCode = null })
    while (exitCode === undefined && !patience.isOver) {
      if (await answers(start.home)) return
      await pausing(start.interrupted)
    }
    if (await answers(start.home)) return
    if (exitCode === undefined) throw givenUp(child, patience, start.home)
    const problem = reasonOf(start.home, exitCode)
    if (problem.code !== 'already-running') throw problem
    await pausing(start.interrupted, 20 * PAUSE_MS)
  }
  throw new Problem('daemon-start-failed', { cause: `it did not answer within ${patience.seconds} s; what it says is in ${start.home.log}` })
}

/** Time to start; a daemon that finishes what a crash interrupted has all the time it needs. */
class Patience {
  readonly seconds: number
  readonly #home: Home
  #since = performance.now()

  constructor({ home, patienceMs = PATIENCE_MS }: Start) {
    this.#home = home
    this.seconds = patienceMs / 1000
  }

  get isOver(): boolean {
    // Counted from the end of it: when everything is recovered, it still has to start.
    if (isRecovering(this.#home)) this.#since = performance.now()
    return performance.now() - this.#since >= this.seconds * 1000
  }
}

/** The daemon writes its pid there for as long as it recovers; one that died there left it behind. */
function isRecovering(home: Home): boolean {
  try {
    return !hasEnded(Number(readFileSync(join(home.runtime, 'recovering'), 'utf8')))
  } catch {
    // No such file: nobody recovers.
    return false
  }
}

/** One that neither answers nor ends would go on for ever, with nobody who knows of it. Whatever it was doing, the next start recovers. */
function givenUp(child: ChildProcess, { seconds }: Patience, { log }: Home): Problem {
  child.kill('SIGKILL')
  return new Problem('daemon-start-failed', { cause: `it did not answer within ${seconds} s and was ended; its last words are in ${log}` })
}

/** Asks the daemon to stop and waits until it is gone. False: none was running, or a busy one stays (`ifIdle`). */
export async function stopDaemon(home: Home, ifIdle: boolean): Promise<boolean> {
  const pid = await pidOf(home)
  if (!(await agreesToStop(home, ifIdle))) return false
  using _progress = new Progress('stopping the daemon')
  for (const startedAt = performance.now(); performance.now() - startedAt < PATIENCE_MS; await pause(PAUSE_MS)) {
    // After its socket it closes its database, and only then it is gone.
    if ((await isGone(home)) && (pid === undefined || hasEnded(pid))) return true
  }
  throw new Problem('daemon-unreachable', { cause: 'it does not stop' })
}

async function pidOf(home: Home): Promise<number | undefined> {
  try {
    const { result } = JSON.parse(await textOf(await ask({ socketPath: home.socket, path: '/trpc/system.status' }))) as { result?: { data?: { pid?: number } } }
    return result?.data?.pid
  } catch {
    // Not running, stopping already, or no daemon at all: the question that follows tells.
    return undefined
  }
}

/** A zombie is dead: where nothing reaps orphans it stays for ever. */
function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch (error) {
    // Not there (any more); only a process of somebody else is alive and not ours to ask.
    return (error as NodeJS.ErrnoException).code !== 'EPERM'
  }
}

async function agreesToStop(home: Home, ifIdle: boolean): Promise<boolean> {
  try {
    const answer = await ask({ socketPath: home.socket, path: '/trpc/system.stop', method: 'POST', body: JSON.stringify({ ifIdle }) })
    const { result } = JSON.parse(await textOf(answer)) as { result?: { data?: { stopping?: boolean } } }
    return result?.data?.stopping === true
  } catch (error) {
    if (isAbsent(error)) return false
    // It may hang up while it answers: it is stopping.
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return true
    throw unreachable(error)
  }
}

async function answers(home: Home): Promise<boolean> {
  try {
    await textOf(await ask({ socketPath: home.socket, path: '/trpc/' }))
    return true
  } catch (error) {
    if (isAbsent(error) || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return false
    throw unreachable(error)
  }
}

/** A connection that breaks is not gone yet: somebody still listens. */
async function isGone(home: Home): Promise<boolean> {
  return ask({ socketPath: home.socket, path: '/trpc/' }).then((answer) => { answer.resume(); return false }, isAbsent)
}

function launch({ home, env, main = MAIN }: Start): ChildProcess {
  // A home that is not there is nobody's: root would otherwise make the folder /nonexistent.
  if (env.HOME && home.state.startsWith(`${env.HOME}/`) && !existsSync(env.HOME)) throw new Problem('home-unwritable', { path: env.HOME, cause: 'there is no such folder' })
  try {
    mkdirSync(home.state, { recursive: true, mode: 0o700 })
    rmSync(join(home.runtime, 'start-error.json'), { force: true })
    const log = openSync(home.log, 'a', 0o600)
    try {
      const child = spawn(process.execPath, [main], { detached: true, stdio: ['ignore', log, log], cwd: '/', env })
      // The daemon outlives us, and must not keep us when the wait ends early.
      child.unref()
      return child
    } finally {
      closeSync(log)
    }
  } catch (error) {
    throw new Problem('home-unwritable', { path: home.state, cause: (error as NodeJS.ErrnoException).code ?? String(error) }, { cause: error })
  }
}

function reasonOf(home: Home, exitCode: number | null | undefined): Problem {
  try {
    const { error } = JSON.parse(readFileSync(join(home.runtime, 'start-error.json'), 'utf8')) as { error: ProblemShape }
    return problemFrom(error)
  } catch {
    // Without the file the log is all there is.
    return new Problem('daemon-start-failed', { cause: `it ended with exit code ${exitCode ?? 'unknown'}; its last words are in ${home.log}` })
  }
}

async function pausing(interrupted: AbortSignal, milliseconds = PAUSE_MS): Promise<void> {
  await pause(milliseconds, undefined, { signal: interrupted }).catch(() => undefined)
  if (interrupted.aborted) throw new Problem('interrupted', { hint: 'nothing was run' })
}
