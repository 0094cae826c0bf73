/** Words to an invocation: Nexus' options end at `--` or, for `run`, at the first word that is no option. */
import { durationMs as parsedDuration } from '@nexus/protocol/amounts'
import { Problem } from '@nexus/protocol/problem'
import type { CommandSpec, OptionSpec } from './command.ts'

// Not `import 'node:util'`: that evaluates everything the module has, 1 ms of the start.
const { parseArgs } = process.getBuiltinModule('node:util')

export interface Parsed {
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly words: readonly string[]
}

/** Options that every command takes. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'print JSON only; nothing is asked' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** Throws Problem `usage`. */
export function parse(spec: CommandSpec, args: readonly string[]): Parsed {
  const options = { ...COMMON, ...spec.options }
  const split = spec.takesCommand ? ownEnd(options, args) : args.length
  const own = args.slice(0, split)
  let parsed: { values: Record<string, string | boolean | (string | boolean)[] | undefined>; positionals: string[] }
  try {
    parsed = parseArgs({ args: own, options: Object.fromEntries(Object.entries(options).map(([name, { type, short, multiple = false }]) => [name, short ? { type, short, multiple } : { type, multiple }])), allowPositionals: true, strict: true })
  } catch (error) {
    throw new Problem('usage', { what: sentence(error), topic: spec.name }, { cause: error })
  }
  const rest = args.slice(split)
  const words = [...parsed.positionals, ...(rest[0] === '--' ? rest.slice(1) : rest)]
  if (parsed.values.help === true) return { options: parsed.values, words }
  if (words.length < spec.positionals.min) throw new Problem('usage', { what: `nexus ${spec.name} needs ${neededIn(spec)}`, topic: spec.name })
  if (words.length > spec.positionals.max) throw new Problem('usage', { what: `nexus ${spec.name} does not take "${words[spec.positionals.max]}"`, topic: spec.name })
  return { options: parsed.values, words }
}

/** What must be there: the usage line without what may be left out. */
function neededIn({ usage, takesCommand }: CommandSpec): string {
  if (takesCommand) return "a command, as in: nexus run 'date > hello.txt'"
  return usage.replace(/\s*\[[^\]]*\]/g, '').trim() || 'more words'
}

/** Nexus' own words alone: `nexus run -- jq --json` does not ask us for JSON. */
export function ownWords(spec: CommandSpec | undefined, args: readonly string[]): readonly string[] {
  const end = spec?.takesCommand ? ownEnd({ ...COMMON, ...spec.options }, args) : args.indexOf('--')
  return end < 0 ? args : args.slice(0, end)
}

/** The index of `--` or of the first word that is neither an option nor an option's value. */
function ownEnd(options: Readonly<Record<string, OptionSpec>>, args: readonly string[]): number {
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    if (word === '--' || !word.startsWith('-') || word === '-') return index
    const name = word.startsWith('--') ? word.slice(2) : Object.entries(options).find(([, { short }]) => short === word.slice(1))?.[0]
    if (name !== undefined && !name.includes('=') && options[name]?.type === 'string') index += 1
  }
  return args.length
}

/** `1500ms`, `90s`, `10m`, `1h`, or a number of seconds. Throws Problem `usage`. */
export function durationMs(value: string, topic: string): number {
  const milliseconds = parsedDuration(value)
  if (milliseconds === null) throw new Problem('usage', { what: `"${value}" is not a duration such as 90s, 10m or 1h`, topic })
  return milliseconds
}

/** Node's messages name the option well; only its advice about `--` is not ours. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (message.split(/\.\s/)[0] ?? message).replace(/^Unknown option/, 'there is no option').replace(/\.$/, '')
}
