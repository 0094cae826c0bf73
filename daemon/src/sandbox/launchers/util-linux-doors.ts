/** The doors of a run on this rung: a ferry of Node's (src/ferry.ts), which joins the network of the sandbox through descriptors that we opened, so that it never meets another process by its number. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type { LaunchOrder } from '../launch.ts'

/** Two processes of Node have to start, on a machine that may be busy. */
const PATIENCE_MS = 30_000

export interface DoorParts {
  /** The ferry's program. */
  readonly ferry: string
  readonly setpriv: string
  readonly nsenter: string
  /** Has the sandbox a user namespace of its own? */
  readonly hasOwnUsers: boolean
  readonly doors: NonNullable<LaunchOrder['doors']>
}

export interface Doors {
  /** Undefined: they stand. Else why not; nothing may start then. Never rejects. */
  readonly stand: Promise<string | undefined>
  /** Resolves when nothing holds the network of the sandbox any more. */
  close(): Promise<void>
}

/** `pid`: a process in the namespaces of the sandbox, and a child of ours that has not been waited for. */
export function openDoors(pid: number, parts: DoorParts): Doors {
  const { promise: stand, resolve } = Promise.withResolvers<string | undefined>()
  let ferry: ChildProcess
  try {
    ferry = start(pid, parts)
  } catch (error) {
    resolve(error instanceof Error ? error.message : String(error))
    return { stand, close: async () => {} }
  }
  const patience = setTimeout(() => resolve('they were not made in time'), PATIENCE_MS)
  void stand.then(() => clearTimeout(patience))
  let complaint = ''
  ferry.stderr?.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(0, 1000) })
  ferry.stdout?.once('data', () => resolve(undefined))
  ferry.once('error', (error) => resolve(error.message))
  ferry.once('close', (code, signal) => resolve(complaint.split('\n')[0] || `the ferry ended with ${signal ?? code}`))
  const gone = new Promise<void>((done) => ferry.once('exit', () => done()).once('error', () => done()))
  const channel = ferry.stdio[3] as Duplex | null // 'pipe' is a socket; null when nothing was started
  if (channel) parts.doors.attend(channel)
  return {
    stand,
    close: () => {
      ferry.kill('SIGKILL')
      return gone
    },
  }
}

function start(pid: number, { ferry, setpriv, nsenter, hasOwnUsers, doors }: DoorParts): ChildProcess {
  using namespaces = new DisposableStack()
  const opened = ['net', ...(hasOwnUsers ? ['user'] : [])].map((name) => {
    const descriptor = openSync(`/proc/${pid}/ns/${name}`, 'r')
    namespaces.defer(() => closeSync(descriptor))
    // On the host's own lo everybody could go through them.
    if (fstatSync(descriptor).ino === statSync(`/proc/self/ns/${name}`).ino) throw new Error(`the sandbox has no ${name} namespace of its own`)
    return descriptor
  })
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'pipe', ...opened]
  const words = ['--pdeathsig', 'KILL', process.execPath, '--max-old-space-size=128', '--no-warnings', ferry, 'outside', setpriv, nsenter, hasOwnUsers ? 'other' : 'own', ...doors.ports.map(String)]
  return spawn(setpriv, words, { stdio, env: {}, cwd: '/', detached: true })
}
