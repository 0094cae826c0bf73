/** `nexus run -- CMD`: run it in a layer, show what it would change, decide. */
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import type { Run, RunRequestInput } from '@nexus/protocol/runs'
import { durationMs } from '../arguments.ts'
import { backendOf, wishOf } from '../choices.ts'
import { flag, text, texts, type Invocation } from '../command.ts'
import { callersEnvironment } from '../environment.ts'
import { exitCodeOfRun, whyNotApplied } from '../exit.ts'
import { follow, hasInput } from '../following.ts'
import { left } from '../leaving.ts'
import { handedFrom } from '../handing.ts'
import { netOf } from '../net.ts'
import { portLine, portsOf } from '../publishing.ts'
import { declaredNames } from '../declared.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'
import { ownTerminal } from '../terminal.ts'

export async function run(invocation: Invocation): Promise<number> {
  const request = await requestOf(invocation)
  return carryThrough(invocation, request, async () => (await invocation.client.runs.start.mutate(request)).run)
}

/** From the start to the decision. */
export async function carryThrough(invocation: Invocation, request: Omit<RunRequestInput, 'command'>, begin: () => Promise<Run>): Promise<number> {
  const asks = invocation.interactive && !['apply', 'keep', 'discard'].some((name) => flag(invocation, name))
  if (flag(invocation, 'detach')) return detached(invocation, await begin())
  const ended = await follow(invocation, async () => published(invocation, await begin()), { streams: !invocation.json, sendsInput: request.stdin === true, relays: request.pty !== undefined, asks: request.asks === true && request.net !== 'off' && request.net !== 'on' })
  if (ended.status === 'running') return left(invocation, ended)
  const wish = request.wish ?? 'keep'
  if (invocation.json) invocation.print(JSON.stringify({ run: ended }))
  else tellRun(invocation, ended, wish, asks)
  if (asks && (ended.status === 'kept' || ended.status === 'waiting')) return (await import('../deciding.ts')).decide(invocation, ended)
  return exitCodeOfRun(ended, wish)
}

/** Where it is reached stands on the screen before what it prints. */
function published({ json, tell, errorTheme }: Invocation, begun: Run): Run {
  if (!json) for (const port of begun.ports ?? []) tell(`  ${portLine(port, errorTheme)}`)
  return begun
}

/** It goes on without us: a server, a watcher, an agent. */
export function detached(invocation: Invocation, begun: Run): number {
  const { json, print, tell, errorTheme } = invocation
  const { id, status, pty } = published(invocation, begun)
  print(json ? JSON.stringify({ run: begun }) : id)
  if (json) return status === 'waiting' ? EXIT.waiting : EXIT.ok
  const steps = status === 'waiting' ? nextSteps(begun) : [...(pty ? [`nexus attach ${id}`] : []), `nexus logs --follow ${id}`, `nexus stop ${id}`]
  for (const step of steps) tell(`  ${errorTheme.dim('next:')} ${step}`)
  return status === 'waiting' ? EXIT.waiting : EXIT.ok
}

export function tellRun(invocation: Invocation, ended: Run, wish: 'keep' | 'apply' | 'discard', asks: boolean): void {
  const { tell, errorTheme } = invocation
  for (const line of summaryLines(ended, errorTheme)) tell(line)
  const reason = wish === 'apply' ? whyNotApplied(ended) : undefined
  if (reason) tell(`  ${errorTheme.careful('not applied')}: ${reason}`)
  if (!asks) for (const step of nextSteps(ended)) tell(`  ${errorTheme.dim('next:')} ${step}`)
}

export async function requestOf(invocation: Invocation): Promise<RunRequestInput> {
  const { words, env } = invocation
  refuseLater(invocation)
  const wish = wishOf(invocation, 'run') ?? 'keep'
  const project = text(invocation, 'project')
  const timeout = text(invocation, 'timeout')
  const check = text(invocation, 'check')
  const isDetached = flag(invocation, 'detach')
  const pty = flag(invocation, 'no-pty') ? undefined : ownTerminal(invocation)
  const on = text(invocation, 'on')
  const net = await netOf(invocation, 'run')
  const publish = portsOf(texts(invocation, 'publish'), 'run')
  const handed = handedFrom(invocation, await declaredNames(invocation))
  return {
    command: [...words], cwd: text(invocation, 'cwd') ?? invocation.cwd, env: callersEnvironment(env), umask: process.umask(), stdin: !isDetached && hasInput(),
    backend: backendOf(text(invocation, 'backend'), 'run'), wish, asks: invocation.interactive && !isDetached,
    ...(project === undefined ? {} : { project }), ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout, 'run') }), ...(check === undefined ? {} : { check }), ...(pty ? { pty } : {}), ...(on === undefined ? {} : { on }), ...(net === undefined ? {} : { net }), ...(handed ? { handed } : {}), ...(publish.length > 0 ? { publish } : {}),
  }
}

/** What is promised for later says so, instead of being a usage error. */
function refuseLater(invocation: Invocation): void {
  if (text(invocation, 'backend') === 'docker') throw new Problem('not-available-yet', { what: '--backend docker', instead: '--backend overlay or copy' })
}
