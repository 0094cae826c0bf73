/** System programs that Nexus itself uses (cp, rm, unshare …): found where the configuration says, run with a clean environment. */
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ERROR_TEXT_MAX = 4096

export interface ProgramEnd {
  readonly exitCode: number | null
  /** The beginning of its standard error. */
  readonly errorText: string
}

/** The absolute path, or undefined. */
export function findProgram(name: string, path: string): string | undefined {
  return path.split(':').filter((folder) => folder.startsWith('/')).map((folder) => join(folder, name)).find(isExecutable)
}

/** Resolves with the end of the program; rejects when it cannot be started or the signal ended it. */
export function runProgram(program: string, args: readonly string[], signal?: AbortSignal): Promise<ProgramEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>()
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C', PATH: USUAL_PATH }, cwd: '/', signal, killSignal: 'SIGKILL' })
  let errorText = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { if (errorText.length < ERROR_TEXT_MAX) errorText += chunk })
  // After an abort the end of the process is awaited, so that nothing still writes when the caller cleans up.
  child.once('error', (error) => { if (!signal?.aborted || child.pid === undefined) reject(error) })
  child.once('close', (exitCode) => signal?.aborted ? reject(signal.reason) : resolve({ exitCode, errorText: errorText.slice(0, ERROR_TEXT_MAX).trim() }))
  return promise
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // absent here: the next folder is asked
  }
}
