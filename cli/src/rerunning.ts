/** The same command once more on the host as it is now, from the request to the decision. */
import type { NamedRun } from '@nexus/protocol/named-run'
import type { Invocation } from './command.ts'
import { tellRun } from './commands/run.ts'
import { declaredNames } from './declared.ts'
import { callersEnvironment } from './environment.ts'
import { exitCodeOfRun } from './exit.ts'
import { follow, hasInput } from './following.ts'
import { handedFrom } from './handing.ts'
import { left } from './leaving.ts'
import { ownTerminal } from './terminal.ts'

export async function rerun(invocation: Invocation, which: NamedRun, wish: 'keep' | 'apply' | 'discard' | undefined): Promise<number> {
  const { client, env, json, interactive } = invocation
  const asks = interactive && wish === undefined
  const stdin = hasInput()
  const pty = ownTerminal(invocation)
  const handed = handedFrom(invocation, await declaredNames(invocation))
  const begin = async () => (await client.runs.rerun.mutate({ ...which, env: callersEnvironment(env), umask: process.umask(), stdin, wish: wish ?? 'keep', asks: interactive, ...(pty ? { pty } : {}), ...(handed ? { handed } : {}) })).run
  const ended = await follow(invocation, begin, { streams: !json, sendsInput: stdin, relays: pty !== undefined, asks: interactive })
  if (ended.status === 'running') return left(invocation, ended)
  if (json) invocation.print(JSON.stringify({ run: ended }))
  else tellRun(invocation, ended, wish ?? 'keep', asks)
  if (asks && (ended.status === 'kept' || ended.status === 'waiting')) return (await import('./deciding.ts')).decide(invocation, ended)
  return exitCodeOfRun(ended, wish ?? 'keep')
}
