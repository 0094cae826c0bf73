/** Starts the daemon on demand and waits until it answers; a start that fails tells its own reason. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Home } from '@nexus/protocol/home'
import { Problem, type ProblemShape } from '@nexus/protocol/problem'
import { Progress } from '../screen/progress.ts'
import { ask, textOf } from './http.ts'
import { isAbsent } from './client.ts'

const PATIENCE_MS = 30_000
const PAUSE_MS = 15

/** Two clients may start one each: the second daemon gives way and both clients meet the first. */
export async function startDaemon(home: Home, env: NodeJS.ProcessEnv): Promise<void> {
  const child = launch(home, env)
  let exitCode: number | null | undefined
  child.once('exit', (code) => { exitCode = code })
  child.once('error', () => { exitCode = 125 })
  using _progress = new Progress('starting the daemon')
  for (const startedAt = performance.now(); performance.now() - startedAt < PATIENCE_MS; ) {
    if (await answers(home)) return child.unref()
    const problem = exitCode === undefined ? undefined : reasonOf(home, exitCode)
    if (problem && problem.code !== 'already-running') throw problem
    await pause(PAUSE_MS)
  }
  throw new Problem('daemon-start-failed', { cause: `it did not answer within ${PATIENCE_MS / 1000} s` })
}

/** Asks an idle daemon to stop and waits until nobody listens; a busy one stays (false). */
export async function stopDaemon(home: Home, ifIdle: boolean): Promise<boolean> {
  const body = JSON.stringify({ ifIdle })
  const answer = JSON.parse(await textOf(await ask({ socketPath: home.socket, path: '/trpc/system.stop', method: 'POST', headers: { 'content-type': 'application/json' }, body }))) as { result?: { data?: { stopping?: boolean } } }
  if (answer.result?.data?.stopping !== true) return false
  for (const startedAt = performance.now(); performance.now() - startedAt < PATIENCE_MS; await pause(PAUSE_MS)) {
    if (!(await answers(home))) return true
  }
  throw new Problem('daemon-unreachable', { cause: 'it does not stop' })
}

export async function answers(home: Home): Promise<boolean> {
  try {
    ;(await ask({ socketPath: home.socket, path: '/trpc/' })).resume()
    return true
  } catch (error) {
    if (isAbsent(error) || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return false
    throw error
  }
}

function launch(home: Home, env: NodeJS.ProcessEnv): ChildProcess {
  const main = fileURLToPath(new URL('../../daemon/dist/nexusd.mjs', import.meta.url))
  try {
    mkdirSync(home.state, { recursive: true, mode: 0o700 })
    rmSync(join(home.runtime, 'start-error.json'), { force: true })
    const log = openSync(home.log, 'a', 0o600)
    try {
      return spawn(process.execPath, [main], { detached: true, stdio: ['ignore', log, log], cwd: '/', env })
    } finally {
      closeSync(log)
    }
  } catch (error) {
    throw new Problem('home-unwritable', { path: home.state, cause: (error as NodeJS.ErrnoException).code ?? String(error) }, { cause: error })
  }
}

function reasonOf(home: Home, exitCode: number | null): Problem {
  try {
    const { error } = JSON.parse(readFileSync(join(home.runtime, 'start-error.json'), 'utf8')) as { error: ProblemShape }
    return Object.assign(new Problem(error.code), { message: error.message, next: error.next })
  } catch {
    // Without the file the log is all there is.
    return new Problem('daemon-start-failed', { cause: `it ended with exit code ${exitCode ?? 'unknown'}; its last words are in ${home.log}` })
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
