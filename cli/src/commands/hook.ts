/** `nexus hook NAME`: answers an agent that is about to run a shell command; settings from `nexus agent --hook NAME` call it. */
import { text as textOf } from 'node:stream/consumers'
import { Problem } from '@nexus/protocol/problem'
import type { Invocation } from '../command.ts'
import { throughNexus } from '../hooks/hook.ts'
import { HOOKS } from '../hooks/index.ts'

export async function run({ words, print }: Invocation): Promise<number> {
  const [name = ''] = words
  const answer = HOOKS[name]?.answer
  if (!answer) throw new Problem('usage', { what: `there is no hook for "${name}"`, topic: 'hook' })
  const reply = answer(parsed(await textOf(process.stdin)), throughNexus('nexus'))
  if (reply) print(JSON.stringify(reply))
  return 0
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Problem('usage', { what: 'a hook is given JSON on its standard input, by the agent that calls it', topic: 'hook' }, { cause })
  }
}
