/** The shipped daemon: how long until it answers, and what it weighs when it has nothing to do. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Nexus, root } from '../nexus.ts'

export interface Weight {
  readonly readyMs: number
  readonly idleRssBytes: number
}

/** A start on fresh state is the slowest: it makes the database. `again` starts on what the first has left. */
export async function weigh({ again = false, idleMs = 2000 } = {}): Promise<Weight> {
  await using nexus = new Nexus()
  if (again) {
    await nexus.call('daemon', 'start')
    await nexus.call('daemon', 'stop')
  }
  const socketPath = join(nexus.base, 'state/run/daemon.sock')
  const beganAt = performance.now()
  const daemon = spawn(join(root, '.toolchain/node'), [join(root, 'daemon/dist/nexusd.mjs')], { env: { ...nexus.env, NEXUS_PORT: '0' }, cwd: '/', stdio: 'ignore' })
  try {
    while (!(await answers(socketPath))) {
      if (performance.now() - beganAt > 20_000 || daemon.exitCode !== null) throw new Error('the daemon did not become ready')
      await sleep(2)
    }
    const readyMs = performance.now() - beganAt
    await sleep(idleMs)
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]
    return { readyMs, idleRssBytes: Number(kilobytes) * 1024 }
  } finally {
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill('SIGTERM')
    await ended
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/trpc/system.status' }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.end()
  })
}

/** A daemon on a state folder of the caller's, asked over its socket. */
export class Daemon implements AsyncDisposable {
  readonly readyMs: number
  readonly #child: ChildProcess
  readonly #socketPath: string

  private constructor(child: ChildProcess, socketPath: string, readyMs: number) {
    this.#child = child
    this.#socketPath = socketPath
    this.readyMs = readyMs
  }

  static async start(folder: string): Promise<Daemon> {
    const socketPath = join(folder, 'run/daemon.sock')
    const beganAt = performance.now()
    const child = spawn(join(root, '.toolchain/node'), [join(root, 'daemon/dist/nexusd.mjs')], { env: { PATH: process.env.PATH, HOME: folder, NEXUS_HOME: folder, NEXUS_PORT: 'off' }, cwd: '/', stdio: 'ignore' })
    while (!(await answers(socketPath))) {
      if (performance.now() - beganAt > 20_000 || child.exitCode !== null) throw new Error('the daemon did not become ready')
      await sleep(2)
    }
    return new Daemon(child, socketPath, performance.now() - beganAt)
  }

  /** Milliseconds of one question, answer read. */
  async time(procedure: string, input: object): Promise<number> {
    const isQuery = procedure !== 'system.gc'
    const beganAt = performance.now()
    const status = await new Promise<number>((resolve, reject) => {
      const asked = request({ socketPath: this.#socketPath, path: `/trpc/${procedure}${isQuery ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''}`, method: isQuery ? 'GET' : 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      asked.on('error', reject)
      asked.end(isQuery ? undefined : JSON.stringify(input))
    })
    if (status !== 200) throw new Error(`${procedure} answered ${status}`)
    return performance.now() - beganAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await ended
  }
}
