/** `nexus shell RUN`: the terminal is relayed; the user's own tty is never handed in. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Net } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import { named, type Invocation } from '../command.ts'
import { callersEnvironment } from '../environment.ts'
import { left } from '../leaving.ts'
import { netOf, tellNet } from '../net.ts'
import { relay } from '../relaying.ts'
import { LEAVE_KEYS } from '../screen/leave-keys.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'
import { sizeOf } from '../terminal.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) throw new Problem('usage', { what: 'nexus shell needs a terminal', topic: 'shell' })
  const ended = await enter(invocation, invocation.words[0] ?? '', await netOf(invocation, 'shell'))
  if (ended.status === 'running') return left(invocation, ended)
  for (const step of nextSteps(ended)) invocation.tell(`  ${invocation.errorTheme.dim('next:')} ${step}`)
  return EXIT.ok
}

/** Opens the shell, relays until it ends, tells what the layer holds then. The run still runs when the person left it. */
export async function enter(invocation: Invocation, name: string, net: Net = 'off'): Promise<Run> {
  const { client, env, tell, errorTheme } = invocation
  const { stdout } = process
  const pty = sizeOf(stdout)
  const { run: opened } = await client.runs.shell.mutate({ ...named(invocation, name), env: callersEnvironment(env), umask: process.umask(), net, pty })
  tell(errorTheme.dim(`inside ${opened.id}: nothing here reaches the host; leave with exit or Ctrl-D; ${LEAVE_KEYS} leaves it running`))
  tellNet(invocation, net)
  if ((await relay(invocation, opened.id)) === 'left') return (await client.runs.get.query({ run: opened.id })).run
  const { run: ended } = await client.runs.wait.query({ run: opened.id })
  for (const line of summaryLines(ended, errorTheme)) tell(line)
  return ended
}
