/** What a command of the client is: described as data, loaded only when it is asked for. */
import type { Home } from '@nexus/protocol/home'
import type { Parsed } from './arguments.ts'
import type { Client } from './daemon/client.ts'
import type { Theme } from './screen/theme.ts'

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** How the value is called in help. */
  readonly value?: string
  readonly help: string
}

export interface CommandSpec {
  readonly name: string
  readonly summary: string
  /** What follows the name in the usage line. */
  readonly usage: string
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly positionals: { readonly min: number; readonly max: number }
  /** Exit codes besides 0, for help. */
  readonly exits: readonly number[]
  /** The rest after the first word that is no option belongs to the command that is run. */
  readonly takesCommand?: boolean
  readonly load: () => Promise<{ readonly run: (invocation: Invocation) => Promise<number> }>
}

/** One call of a command, with everything it may use handed in. */
export interface Invocation {
  readonly options: Parsed['options']
  readonly words: readonly string[]
  readonly json: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: Home
  readonly client: Client
  /** The same, but never starts a daemon: throws Problem `daemon-unreachable` when none runs. */
  readonly clientOfRunning: Client
  /** For stdout and stderr, which may differ: one may be a pipe. */
  readonly theme: Theme
  readonly errorTheme: Theme
  readonly print: (line: string) => void
  readonly tell: (line: string) => void
  /** Is a person there who can be asked? Never with --json. */
  readonly interactive: boolean
  /** False: it is busy, or none was running. */
  readonly stopDaemon: (ifIdle: boolean) => Promise<boolean>
  /** Aborted by Ctrl-C: nothing new is begun after that. */
  readonly interruption: AbortController
}

export function text(invocation: Invocation, name: string): string | undefined {
  const value = invocation.options[name]
  return typeof value === 'string' ? value : undefined
}

export function texts(invocation: Invocation, name: string): readonly string[] {
  const values = invocation.options[name]
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
}

export function flag(invocation: Invocation, name: string): boolean {
  return invocation.options[name] === true
}

/** Names a run to the daemon: `last` needs to know where the caller stands. */
export function named(invocation: Invocation, run: string): { run: string; cwd: string; project?: string } {
  const project = text(invocation, 'project')
  return { run, cwd: invocation.cwd, ...(project === undefined ? {} : { project }) }
}
