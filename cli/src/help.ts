/** Help, made from the same descriptions that parse the words. */
import { COMMON } from './arguments.ts'
import type { CommandSpec, OptionSpec } from './command.ts'

/** The codes that are Nexus' own; everything else is the command's. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  2: 'the words do not fit', 3: 'a conflict: the host is not what the run saw', 4: 'waits for a person, or --apply was held back', 5: 'the check failed',
  124: 'timed out', 125: 'Nexus failed', 126: 'refused', 127: 'not found', 130: 'interrupted',
}

export function overview(commands: readonly CommandSpec[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Nexus: every change proven before it touches your machine.', '',
    "  nexus run 'rm -rf docs && date > hello.txt'    run it in a layer, see, decide", '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`), '',
    'RUN is an id, a prefix of at least 4 characters, or `last`.', 'Every command takes --json. nexus help COMMAND says more.', '',
    'Exit codes: those of the command itself, 128+n when a signal ended it, and',
    ...Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`),
  ].join('\n')
}

export function helpFor(spec: CommandSpec): string {
  const options = Object.entries({ ...spec.options, ...COMMON })
  const width = Math.max(...options.map((option) => left(option).length))
  return [
    `nexus ${spec.name} ${spec.usage}`.trim(), '', `  ${spec.summary}`, '',
    ...options.map((option) => `  ${left(option).padEnd(width)}  ${option[1].help}`), '',
    `Exit codes: ${[...(spec.takesCommand ? ['those of CMD'] : []), '0', ...spec.exits.map((code) => `${code} ${EXIT_CODES[code] ?? ''}`)].join('; ')}`,
  ].join('\n')
}

/** The same for programs. */
export function described({ name, summary, usage, options, exits }: CommandSpec): object {
  return { name, summary, usage, options: Object.entries({ ...options, ...COMMON }).map(([option, facts]) => ({ name: option, ...facts })), exitCodes: [0, ...exits] }
}

function left([name, { short, value }]: [string, OptionSpec]): string {
  return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
}
