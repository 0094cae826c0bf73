/** `nexus run -- CMD`: run it in a layer, show what it would change, decide. */
import { Problem } from '@nexus/protocol/problem'
import type { Run, RunRequestInput } from '@nexus/protocol/runs'
import { durationMs } from '../arguments.ts'
import { flag, text, type Invocation } from '../command.ts'
import { callersEnvironment } from '../environment.ts'
import { exitCodeOfRun, whyNotApplied } from '../exit.ts'
import { follow, hasInput } from '../following.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'

export async function run(invocation: Invocation): Promise<number> {
  const request = requestOf(invocation)
  const asks = invocation.interactive && !['apply', 'keep', 'discard'].some((name) => flag(invocation, name))
  const begin = async () => (await invocation.client.runs.start.mutate(request)).run
  const ended = await follow(invocation, begin, { streams: !invocation.json, sendsInput: request.stdin === true })
  const wish = request.wish ?? 'keep'
  if (invocation.json) invocation.print(JSON.stringify({ run: ended }))
  else tellRun(invocation, ended, wish, asks)
  if (asks && (ended.status === 'kept' || ended.status === 'waiting')) return (await import('../deciding.ts')).decide(invocation, ended)
  return exitCodeOfRun(ended, wish)
}

export function tellRun(invocation: Invocation, ended: Run, wish: 'keep' | 'apply' | 'discard', asks: boolean): void {
  const { tell, errorTheme } = invocation
  for (const line of summaryLines(ended, errorTheme)) tell(line)
  const reason = wish === 'apply' ? whyNotApplied(ended) : undefined
  if (reason) tell(`  ${errorTheme.careful('not applied')}: ${reason}`)
  if (!asks) for (const step of nextSteps(ended)) tell(`  ${errorTheme.dim('next:')} ${step}`)
}

function requestOf(invocation: Invocation): RunRequestInput {
  const { words, env } = invocation
  refuseLater(invocation)
  const wishes = (['apply', 'keep', 'discard'] as const).filter((name) => flag(invocation, name))
  if (wishes.length > 1) throw new Problem('usage', { what: `--${wishes.join(' and --')} exclude each other`, topic: 'run' })
  const project = text(invocation, 'project')
  const timeout = text(invocation, 'timeout')
  const check = text(invocation, 'check')
  return {
    command: [...words], cwd: text(invocation, 'cwd') ?? invocation.cwd, env: callersEnvironment(env), umask: process.umask(), stdin: hasInput(),
    net: oneOf(invocation, 'net', ['off', 'on']) ?? 'off', backend: oneOf(invocation, 'backend', ['auto', 'overlay', 'copy']) ?? 'auto', wish: wishes[0] ?? 'keep',
    ...(project === undefined ? {} : { project }), ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout, 'run') }), ...(check === undefined ? {} : { check }),
  }
}

/** What is promised for later says so, instead of being a usage error. */
function refuseLater(invocation: Invocation): void {
  const net = text(invocation, 'net')
  if (net !== undefined && net !== 'on' && net !== 'off') throw later(`--net ${net}`, '--net off, or --net on for the whole network of the host')
  if (text(invocation, 'backend') === 'docker') throw later('--backend docker', '--backend overlay or copy')
  if (text(invocation, 'on') !== undefined) throw later('--on', 'apply the run first, or run both commands as one shell line')
  for (const name of ['env', 'secret'] as const) if (text(invocation, name) !== undefined) throw later(`--${name}`, 'put the value into a file of the project')
  if (flag(invocation, 'detach')) throw later('--detach', 'run it in another terminal')
}

function later(what: string, instead: string): Problem {
  return new Problem('not-available-yet', { what, instead })
}

function oneOf<Value extends string>(invocation: Invocation, name: string, values: readonly Value[]): Value | undefined {
  const given = text(invocation, name)
  if (given === undefined) return undefined
  const found = values.find((value) => value === given)
  if (!found) throw new Problem('usage', { what: `--${name} is ${values.join(', ')}, not "${given}"`, topic: 'run' })
  return found
}
