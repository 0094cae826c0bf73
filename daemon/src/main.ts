/** nexusd: flags, signals, exit code. A start that fails leaves its reason where the client looks for it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { homeOf } from '@nexus/protocol/home'
import { exitCodeOf, Problem } from '@nexus/protocol/problem'
import { readConfig } from './config.ts'
import type { Daemon } from './daemon.ts'

// Everything the daemon writes is its user's alone; SQLite would make its files 0644.
process.umask(0o077)

const FAREWELL_MS = 30

async function main(): Promise<void> {
  const asked = Promise.withResolvers<void>()
  const { runtime } = homeOf(process.env, process.getuid?.() ?? 0)
  let daemon: Daemon
  try {
    const config = readConfig(process.env)
    // Everything else is loaded after the cache is on: compiled code of the last start saves a quarter of this one.
    enableCompileCache(join(config.home.state, 'cache/compiled'))
    const { startDaemon } = await import('./daemon.ts')
    daemon = await startDaemon(config, asked.resolve)
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem('daemon-start-failed', { cause: causeOf(error) }, { cause: error })
    report(runtime, problem)
    if (problem !== error) console.error(error)
    process.exitCode = exitCodeOf(problem.code)
    return
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => asked.resolve())
  await asked.promise
  // The answer to the client that asked for the stop is still on its way.
  await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))
  await daemon[Symbol.asyncDispose]()
}

/** The client that started us reads this file; a person who started us by hand reads the terminal. */
function report(runtime: string, problem: Problem): void {
  const line = JSON.stringify({ error: problem.shape })
  process.stderr.write(`${line}\n`)
  try {
    mkdirSync(runtime, { recursive: true, mode: 0o700 })
    writeFileSync(join(runtime, 'start-error.json'), line)
  } catch {
    // Nowhere to write is most likely the problem itself, which stderr has told.
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

await main()
process.exit()
