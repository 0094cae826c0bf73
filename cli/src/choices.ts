/** Options with few possible answers. */
import { Problem } from '@nexus/protocol/problem'
import type { RunRequest } from '@nexus/protocol/runs'
import { flag, type Invocation } from './command.ts'

type Wish = RunRequest['wish']

/** What shall become of a run, said beforehand; undefined where nothing is. Throws Problem `usage`. */
export function wishOf(invocation: Invocation, topic: string): Wish | undefined {
  const wishes = (['apply', 'keep', 'discard'] as const satisfies readonly Wish[]).filter((name) => flag(invocation, name))
  if (wishes.length > 1) throw new Problem('usage', { what: `--${wishes.join(' and --')} exclude each other`, topic })
  return wishes[0]
}

/** Throws Problem `usage`. */
export function oneOf<Value extends string>(given: string | undefined, values: readonly Value[], { option, topic }: { readonly option: string; readonly topic: string }): Value | undefined {
  const found = values.find((value) => value === given)
  if (given !== undefined && found === undefined) throw new Problem('usage', { what: `--${option} is ${values.join(', ')}, not "${given}"`, topic })
  return found
}

export function backendOf(given: string | undefined, topic: string): RunRequest['backend'] {
  return oneOf(given, ['auto', 'overlay', 'copy'], { option: 'backend', topic }) ?? 'auto'
}
