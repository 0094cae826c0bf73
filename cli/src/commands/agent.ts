/** `nexus agent NAME [ARGS…]`: somebody else's agent, its whole work in one layer, one review. */
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import { text, type Invocation } from '../command.ts'
import { HOOK_PROTECTS, HOOKS } from '../hooks/index.ts'
import { carryThrough, requestOf } from './run.ts'

export async function run(invocation: Invocation): Promise<number> {
  const hook = text(invocation, 'hook')
  if (hook !== undefined) return printHook(invocation, hook)
  const [name, ...args] = invocation.words
  if (name === undefined) return list(invocation)
  const { command: _, agent: __, ...request } = await requestOf({ ...invocation, words: [name] })
  return carryThrough(invocation, request, async () => (await invocation.client.agents.start.mutate({ ...request, agent: name, args })).run)
}

async function list({ client, cwd, env, json, print, theme }: Invocation): Promise<number> {
  const { agents } = await client.agents.list.query({ cwd, path: env.PATH ?? '' })
  if (json) {
    print(JSON.stringify({ agents }))
    return EXIT.ok
  }
  for (const { name, title, found, install } of agents) {
    print(`${theme.strong(name.padEnd(10))} ${title.padEnd(14)} ${found === null ? theme.dim(install ? `not installed: ${install}` : 'not installed') : theme.good('ready')}`)
  }
  print(theme.dim('nexus agent NAME [ARGS…] runs one in a layer; its login is its own: nexus agent NAME login, or the key in your environment'))
  return EXIT.ok
}

function printHook({ json, print, tell }: Invocation, name: string): number {
  const hook = HOOKS[name]
  if (!hook) throw new Problem('usage', { what: `there is no hook for "${name}": ${Object.keys(HOOKS).join(', ')}`, topic: 'agent' })
  if (json) print(JSON.stringify({ agent: name, place: hook.place, settings: hook.settings('nexus'), notes: HOOK_PROTECTS }))
  else {
    tell(`put this into ${hook.place}:`)
    print(hook.settings('nexus'))
    for (const line of HOOK_PROTECTS) tell(line)
  }
  return EXIT.ok
}
