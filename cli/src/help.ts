/** Help, made from the same descriptions that parse the words. */
import { COMMON } from './arguments.ts'
import type { CommandSpec } from './command.ts'

export function overview(commands: readonly CommandSpec[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Nexus: every change proven before it touches your machine.', '',
    "  nexus run 'rm -rf docs && date > hello.txt'    run it in a layer, see what it would change, decide", '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`), '',
    'RUN is an id, a prefix of at least 4 characters, or `last`. Every command takes --json.',
    'Exit codes: the command\'s own; 2 usage, 3 conflict, 4 waits for approval, 5 check failed, 124 timed out,',
    '125 Nexus failed, 126 refused, 127 not found, 130 interrupted. `nexus help COMMAND` says more.',
  ].join('\n')
}

export function helpFor(spec: CommandSpec): string {
  const options = Object.entries({ ...spec.options, ...COMMON }).map(([name, { short, value, help }]) => [`${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`, help] as const)
  const width = Math.max(...options.map(([left]) => left.length))
  return [`nexus ${spec.name} ${spec.usage}`.trim(), '', `  ${spec.summary}`, '', ...options.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)].join('\n')
}
