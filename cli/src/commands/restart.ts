/** `nexus restart RUN`: stops it if it runs and can be repeated, then starts the same command again on the host as it is now, without waiting for it. */
import { named, type Invocation } from '../command.ts'
import { declaredNames } from '../declared.ts'
import { callersEnvironment } from '../environment.ts'
import { handedFrom } from '../handing.ts'
import { ownTerminal } from '../terminal.ts'
import { detached } from './run.ts'
import { stop } from './stop.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, env } = invocation
  const { run: found } = await client.runs.get.query(named(invocation, words[0] ?? ''))
  const handed = handedFrom(invocation, await declaredNames(invocation))
  if (['queued', 'waiting', 'running'].includes(found.status)) await stop(invocation, handed ? { handed } : {})
  const pty = found.pty ? ownTerminal(invocation) : undefined
  const { run: begun } = await client.runs.rerun.mutate({ run: found.id, env: callersEnvironment(env), umask: process.umask(), stdin: false, wish: 'keep', ...(pty ? { pty } : {}), ...(handed ? { handed } : {}) })
  return detached(invocation, begun)
}
