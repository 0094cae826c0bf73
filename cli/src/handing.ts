/** `--env NAME` and `--secret NAME`: values of the caller's own environment, or kept by Nexus, for one run. Never taken from the command line, which everybody can read. */
import type { HandedInput } from '@nexus/protocol/handed'
import { Problem } from '@nexus/protocol/problem'
import { VARIABLE_NAME } from '@nexus/protocol/variable-name'
import { texts, type Invocation } from './command.ts'

/** Undefined: nothing is handed. Throws Problem `usage`. */
export function handedFrom(invocation: Invocation, declared: readonly string[] = []): HandedInput | undefined {
  const given = texts(invocation, 'secret')
  const plain = given.filter((word) => !word.includes('@'))
  // What is not set here is one that Nexus keeps; if it keeps none of that name, it says so.
  const kept = plain.filter((name) => !isSet(invocation, name))
  requireNames('secret', kept)
  const secrets = valuesOf(invocation, 'secret', plain.filter((name) => !kept.includes(name)))
  const keys = given.filter((word) => word.includes('@')).map((word) => keyFrom(invocation, word))
  // What the settings declare is taken where it is there.
  const present = declared.filter((name) => invocation.env[name] !== undefined)
  const env = valuesOf(invocation, 'env', [...new Set([...present, ...texts(invocation, 'env')])])
  for (const name of kept) delete env[name]
  for (const [name, value] of Object.entries(secrets)) {
    if (value.length < 4) throw new Problem('usage', { what: `${name} is too short to be kept out of the output`, topic: 'run' })
    delete env[name]
  }
  return Object.keys(env).length + Object.keys(secrets).length + keys.length + kept.length > 0 ? { env, secrets, keys, kept } : undefined
}

/** `NAME@HOST[:PORT][:HEADER]`: for that host alone, and never inside. */
function keyFrom(invocation: Invocation, word: string): NonNullable<HandedInput['keys']>[number] {
  const [, name = '', rule = '', header] = /^([^@]*)@(.+?)(?::([A-Za-z][A-Za-z0-9-]*))?$/.exec(word) ?? []
  requireNames('secret', [name])
  const value = isSet(invocation, name) ? valuesOf(invocation, 'secret', [name])[name] : undefined
  return { name, rule, ...(value === undefined ? {} : { value }), ...(header === undefined ? {} : { header }) }
}

function valuesOf({ env }: Invocation, option: string, names: readonly string[]): Record<string, string> {
  requireNames(option, names)
  return Object.fromEntries(names.map((name) => {
    const value = env[name]
    if (value === undefined || value === '') throw new Problem('usage', { what: `--${option} ${name}: it is not set here`, topic: 'run' })
    return [name, value]
  }))
}

function isSet({ env }: Invocation, name: string): boolean {
  return env[name] !== undefined && env[name] !== ''
}

function requireNames(option: string, names: readonly string[]): void {
  for (const name of names) {
    if (!VARIABLE_NAME.test(name)) throw new Problem('usage', { what: `--${option} takes the name of a variable; its value comes from the environment of nexus${option === 'secret' ? ', or is kept: nexus secret set NAME' : ''}`, topic: 'run' })
    if (name === 'PATH' || name === 'HOME') throw new Problem('usage', { what: `--${option} ${name}: it is not handed to a run`, topic: 'run' })
  }
}
