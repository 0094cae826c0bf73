/** The client: finds the command, parses its words, runs it, turns what went wrong into a message and an exit code. */
import { resolve } from 'node:path'
import { homeOf } from '@nexus/protocol/home'
import { EXIT } from '@nexus/protocol/exit-code'
import { exitCodeOf, Problem } from '@nexus/protocol/problem'
import { ownWords, parse, type Parsed } from './arguments.ts'
import { BUILD, VERSION } from './build.ts'
import type { Invocation } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { createClient } from './daemon/client.ts'
import { safeLines } from '@nexus/protocol/readable'
import { themeFor } from './screen/theme.ts'

async function main(args: readonly string[]): Promise<number> {
  const [word = 'help', ...rest] = args
  if (word === '--version' || word === 'version') return print(`nexus ${VERSION} (${BUILD})`)
  const isHelp = word === 'help' || word === '--help' || word === '-h'
  const spec = COMMANDS.find(({ name }) => name === word)
  const asksJson = ownWords(spec, rest).includes('--json')
  try {
    if (isHelp) return await help(rest.find((topic) => !topic.startsWith('-')), asksJson)
    if (!spec) throw new Problem('usage', { what: `there is no command "${word}"${nearest(word)}`, topic: '' })
    const parsed = parse(spec, rest)
    if (parsed.options.help === true) return await help(spec.name, asksJson)
    const invocation = invocationOf(parsed, process.env)
    return await (await spec.load()).run(invocation)
  } catch (error) {
    return report(error, asksJson)
  }
}

function invocationOf(parsed: Parsed, env: NodeJS.ProcessEnv): Invocation {
  const home = homeOf(env, process.getuid?.() ?? 0)
  const json = parsed.options.json === true
  const color = parsed.options.color
  const choice = color === 'always' || color === 'never' ? color : 'auto'
  if (color !== undefined && color !== choice && color !== 'auto') throw new Problem('usage', { what: '--color is auto, always or never', topic: 'diff' })
  const interruption = new AbortController()
  const cwd = currentDirectory()
  // Only a command that starts or stops a daemon pays for the code that does.
  const start = async () => (await import('./daemon/start.ts')).startDaemon({ home, env, interrupted: interruption.signal })
  const stopDaemon = async (ifIdle: boolean) => (await import('./daemon/start.ts')).stopDaemon(home, ifIdle)
  const replace = async () => {
    await stopDaemon(true)
    await start()
  }
  const common = { socketPath: home.socket, warn: tell, replace }
  return {
    options: { ...parsed.options, ...placesIn(parsed.options, cwd) }, words: parsed.words, json, env, cwd, home, stopDaemon, interruption, tell, print: (line) => void print(json ? line : harmless(line)),
    theme: themeFor(process.stdout, choice, env), errorTheme: themeFor(process.stderr, choice, env),
    interactive: !json && process.stdin.isTTY === true && process.stderr.isTTY === true && env.TERM !== 'dumb',
    client: createClient({ ...common, start }),
    clientOfRunning: createClient({ ...common, start: refuseToStart }),
  }
}

/** A person names directories from where they stand; the daemon stands elsewhere. */
function placesIn(options: Parsed['options'], cwd: string): Record<string, string> {
  const given = ['project', 'cwd'].flatMap((name) => (typeof options[name] === 'string' ? [[name, resolve(cwd, options[name])]] : []))
  return Object.fromEntries(given) as Record<string, string>
}

async function refuseToStart(): Promise<void> {
  throw new Problem('daemon-unreachable', { cause: 'none is running' })
}

function tell(line: string): void {
  process.stderr.write(`${harmless(line)}\n`)
}

/** The last wall, should a name or a message come here as it is: of what could command a terminal only our colours pass. */
function harmless(text: string): string {
  return text.split(/(\u001B\[[0-9;]{0,20}m)/).map((part, at) => (at % 2 === 0 ? safeLines(part) : part)).join('')
}

function currentDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new Problem('no-directory', { path: 'the current one: it has been deleted' }, { cause })
  }
}

function report(error: unknown, json: boolean): number {
  const problem = error instanceof Problem ? error : new Problem('bug', { cause: error instanceof Error ? (error.stack ?? error.message) : String(error) }, { cause: error })
  if (json) print(JSON.stringify({ error: problem.shape }))
  else process.stderr.write(safeLines(`nexus: ${problem.message}\n${problem.next ? `  next: ${problem.next}\n` : ''}`))
  return exitCodeOf(problem.code)
}

async function help(topic: string | undefined, json: boolean): Promise<number> {
  const { described, helpFor, overview } = await import('./help.ts')
  const spec = COMMANDS.find(({ name }) => name === topic)
  if (topic !== undefined && topic !== 'help' && !spec) throw new Problem('usage', { what: `there is no command "${topic}"${nearest(topic)}`, topic: '' })
  if (json) return print(JSON.stringify({ commands: (spec ? [spec] : COMMANDS).map(described) }))
  return print(spec ? helpFor(spec) : overview(COMMANDS))
}

function print(line: string): number {
  process.stdout.write(`${line}\n`)
  return EXIT.ok
}

function nearest(word: string): string {
  const found = COMMANDS.find(({ name }) => name.startsWith(word) || word.startsWith(name))
  return found ? `; did you mean "${found.name}"?` : ''
}

// A reader that goes away (`nexus events | head`) is no error; whoever must end something first listens for SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && !process.emit('SIGPIPE', 'SIGPIPE')) process.exit(EXIT.ok)
})
// Whoever has something to end first listens for SIGINT, too.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(EXIT.interrupted)
})
process.exitCode = await main(process.argv.slice(2))
