/** `--net off|on|HOST[:PORT],…`, looked at here so that a mistake costs no daemon. */
import type { Net } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import { texts, type Invocation } from './command.ts'

/** Undefined: not given, so the settings say. Throws Problem `usage`. */
export async function netOf(invocation: Invocation, topic: string): Promise<Net | undefined> {
  const given = texts(invocation, 'net').flatMap((several) => several.split(','))
  if (given.length === 0) return undefined
  const alone = (['off', 'on'] as const).find((word) => given.includes(word))
  if (alone !== undefined) {
    if (given.length === 1) return alone
    throw new Problem('usage', { what: `--net ${alone} goes with no other --net`, topic })
  }
  // Only who names hosts pays for the list of presets.
  const parsed = (await import('@nexus/protocol/net-rule')).parseNetRules(given)
  if ('fault' in parsed) throw new Problem('usage', { what: `--net ${parsed.fault}`, topic })
  return parsed.rules.map(({ text }) => text)
}

export function tellNet({ tell, errorTheme }: Pick<Invocation, 'tell' | 'errorTheme'>, net: Net | undefined): void {
  if (net === 'on') tell(errorTheme.bad('host network: what runs here reaches whatever this machine reaches'))
}
