/** The client: finds the command, parses its words, runs it, turns what went wrong into a message and an exit code. */
import { homeOf } from '@nexus/protocol/home'
import { exitCodeOf, Problem } from '@nexus/protocol/problem'
import { parse, type Parsed } from './arguments.ts'
import { BUILD, VERSION } from './build.ts'
import type { Invocation } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { createClient, problemOf } from './daemon/client.ts'
import { hangUp } from './daemon/http.ts'
import { safe } from './screen/escape.ts'
import { themeFor } from './screen/theme.ts'

async function main(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') return help(rest[0])
  if (word === '--version' || word === 'version') return print(`nexus ${VERSION} (${BUILD})`)
  const asksJson = beforeCommand(word, rest).includes('--json')
  try {
    const spec = COMMANDS.find(({ name }) => name === word)
    if (!spec) throw new Problem('usage', { what: `there is no command "${safe(word)}"${nearest(word)}`, topic: '' })
    const parsed = parse(spec, rest)
    if (parsed.options.help === true) return await help(spec.name)
    const invocation = invocationOf(parsed, process.env)
    return await (await spec.load()).run(invocation)
  } catch (error) {
    return report(error, asksJson)
  } finally {
    hangUp()
  }
}

function invocationOf(parsed: Parsed, env: NodeJS.ProcessEnv): Invocation {
  const home = homeOf(env, process.getuid?.() ?? 0)
  const json = parsed.options.json === true
  const color = parsed.options.color
  const choice = color === 'always' || color === 'never' ? color : 'auto'
  if (color !== undefined && color !== choice && color !== 'auto') throw new Problem('usage', { what: '--color is auto, always or never', topic: 'diff' })
  const startDaemon = async () => (await import('./daemon/start.ts')).startDaemon(home, env)
  const stopDaemon = async (ifIdle: boolean) => (await import('./daemon/start.ts')).stopDaemon(home, ifIdle)
  return {
    options: parsed.options, words: parsed.words, json, env, cwd: currentDirectory(), home, startDaemon, stopDaemon, tell, print: (line) => void print(line),
    theme: themeFor(process.stdout, choice, env), errorTheme: themeFor(process.stderr, choice, env),
    interactive: !json && process.stdin.isTTY === true && process.stderr.isTTY === true && env.TERM !== 'dumb',
    client: createClient({ home, warn: tell, start: startDaemon, restart: async () => { await stopDaemon(true); await startDaemon() } }),
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

function currentDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new Problem('no-directory', { path: 'the current one: it has been deleted' }, { cause })
  }
}

function report(error: unknown, json: boolean): number {
  const problem = problemOf(error) ?? new Problem('bug', { cause: error instanceof Error ? (error.stack ?? error.message) : String(error) }, { cause: error })
  if (json) print(JSON.stringify({ error: problem.shape }))
  else process.stderr.write(`nexus: ${problem.message}\n${problem.next ? `  next: ${problem.next}\n` : ''}`)
  return exitCodeOf(problem.code)
}

async function help(topic: string | undefined): Promise<number> {
  const { helpFor, overview } = await import('./help.ts')
  const spec = COMMANDS.find(({ name }) => name === topic)
  return print(spec ? helpFor(spec) : overview(COMMANDS))
}

function print(line: string): number {
  process.stdout.write(`${line}\n`)
  return 0
}

/** Only Nexus' own words count: `nexus run -- jq --json` does not ask us for JSON. */
function beforeCommand(word: string, rest: readonly string[]): readonly string[] {
  const end = rest.findIndex((argument) => argument === '--' || (word === 'run' && !argument.startsWith('-')))
  return end < 0 ? rest : rest.slice(0, end)
}

function nearest(word: string): string {
  const found = COMMANDS.find(({ name }) => name.startsWith(word) || word.startsWith(name))
  return found ? `; did you mean "${found.name}"?` : ''
}

// A reader that goes away (`nexus events | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0) })
process.exitCode = await main(process.argv.slice(2))
