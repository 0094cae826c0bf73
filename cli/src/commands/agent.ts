/** `nexus agent NAME [ARGS…]`: somebody else's agent, its whole work in one layer, one review. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { HandedInput } from '@nexus/protocol/handed'
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
  const handed = await withItsKeys(invocation, name, request.handed)
  return carryThrough(invocation, request, async () => (await invocation.client.agents.start.mutate({ ...request, agent: name, args, ...(handed ? { handed } : {}) })).run)
}

/** Its own variables of ours go with it; what is a key is taken out of the output, and none of them is stored. */
async function withItsKeys({ client, cwd, env }: Invocation, name: string, handed: HandedInput | undefined): Promise<HandedInput | undefined> {
  const { agents } = await client.agents.list.query({ cwd, path: env.PATH ?? '' })
  const named = [...(handed?.kept ?? []), ...(handed?.keys ?? []).map((key) => key.name)]
  const own = (agents.find((one) => one.name === name)?.keys ?? []).filter((key) => !named.includes(key)).flatMap((key) => (env[key] ? [[key, env[key]] as const] : []))
  if (own.length === 0) return handed
  const [plain, secret] = [own.filter(([key]) => PLAIN.test(key)), own.filter(([key]) => !PLAIN.test(key))]
  return { keys: handed?.keys ?? [], kept: handed?.kept ?? [], env: { ...Object.fromEntries(plain), ...handed?.env }, secrets: { ...Object.fromEntries(secret), ...handed?.secrets } }
}

/** Where and which, not a secret. */
const PLAIN = /_(URL|MODEL|PROJECT|CONTENT)$/

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
