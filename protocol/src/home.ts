/**
 * Where Nexus keeps its things; the client and the daemon must agree on it, so it is said here once.
 * Pure: the environment is handed in. NEXUS_HOME puts everything under one folder, else XDG.
 */
import { join, isAbsolute } from 'node:path'
import { Problem } from './problem.ts'

export interface Home {
  /** Database, layers, blobs, journals, backups. */
  readonly state: string
  readonly config: string
  /** Socket and other things of this login. */
  readonly runtime: string
  readonly socket: string
  /** Set when the socket's own path is too long: a link in the login's runtime folder that leads to `runtime`. */
  readonly socketLink?: string
  readonly log: string
}

/** sun_path holds 108 bytes; 100 leaves room for what a platform adds. */
const SOCKET_PATH_MAX = 100

export function homeOf(env: Readonly<Record<string, string | undefined>>, uid: number): Home {
  const own = absolute(env.NEXUS_HOME)
  const user = absolute(env.HOME)
  const runtimeBase = absolute(env.XDG_RUNTIME_DIR)
  if (!own && !user && !absolute(env.XDG_STATE_HOME)) {
    throw new Problem('home-unwritable', { path: env.HOME ?? '$HOME', cause: 'HOME is not set' })
  }
  const state = own ?? join(absolute(env.XDG_STATE_HOME) ?? join(user ?? '/', '.local/state'), 'nexus')
  const config = own ?? join(absolute(env.XDG_CONFIG_HOME) ?? join(user ?? '/', '.config'), 'nexus')
  const runtime = own ? join(own, 'run') : runtimeBase ? join(runtimeBase, 'nexus') : join(state, 'run')
  return { state, config, runtime, ...socketIn(runtime, runtimeBase ?? `/run/user/${uid}`), log: join(state, 'daemon.log') }
}

function socketIn(runtime: string, loginRuntime: string): { socket: string; socketLink?: string } {
  const direct = join(runtime, 'daemon.sock')
  if (Buffer.byteLength(direct) <= SOCKET_PATH_MAX) return { socket: direct }
  // Imported, node:crypto would cost every start of the client 7 ms; a long path is rare.
  const short = process.getBuiltinModule('node:crypto').createHash('sha256').update(runtime).digest('hex').slice(0, 12)
  const socketLink = join(loginRuntime, `nexus-${short}`)
  return { socket: join(socketLink, 'daemon.sock'), socketLink }
}

function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined
}
