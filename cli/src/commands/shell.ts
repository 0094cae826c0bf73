/** `nexus shell RUN`: the terminal is relayed; the user's own tty is never handed in. */
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import { named, text, type Invocation } from '../command.ts'
import { callersEnvironment } from '../environment.ts'
import { takeOutput, write } from '../output.ts'
import { withKeys } from '../screen/keys.ts'
import { ShellGuard } from '../screen/shell-guard.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) throw new Problem('usage', { what: 'nexus shell needs a terminal', topic: 'shell' })
  const net = text(invocation, 'net') ?? 'off'
  if (net !== 'off' && net !== 'on') throw new Problem('usage', { what: `--net is off or on, not "${net}"`, topic: 'shell' })
  const ended = await enter(invocation, invocation.words[0] ?? '', net)
  for (const step of nextSteps(ended)) invocation.tell(`  ${invocation.errorTheme.dim('next:')} ${step}`)
  return EXIT.ok
}

/** Opens the shell, relays until it ends, tells what the layer holds then. */
export async function enter(invocation: Invocation, name: string, net: 'off' | 'on' = 'off'): Promise<Run> {
  const { client, env, tell, errorTheme } = invocation
  const { stdout } = process
  const pty = { rows: stdout.rows || 24, cols: stdout.columns || 80 }
  const { run: opened } = await client.runs.shell.mutate({ ...named(invocation, name), env: callersEnvironment(env), umask: process.umask(), net, pty })
  tell(errorTheme.dim(`inside ${opened.id}: nothing here reaches the host; leave with exit or Ctrl-D`))
  if (net === 'on') tell(errorTheme.bad('host network: what runs here reaches whatever this machine reaches'))
  await relay(invocation, opened.id)
  const { run: ended } = await client.runs.wait.query({ run: opened.id })
  for (const line of summaryLines(ended, errorTheme)) tell(line)
  return ended
}

/** Keystrokes in, output out, size along, until the shell ends; the terminal is as before afterwards. */
async function relay(invocation: Invocation, run: string): Promise<void> {
  const { client, tell } = invocation
  const { stdout } = process
  const sending = new Sending()
  const guard = new ShellGuard()
  const type = (keys: Buffer) => sending.add(() => client.runs.input.mutate({ run, base64: keys.toString('base64'), end: false }))
  const resize = () => sending.add(() => client.runs.resize.mutate({ run, rows: stdout.rows || 24, cols: stdout.columns || 80 }))
  stdout.on('resize', resize)
  try {
    await withKeys(type, () => takeOutput(invocation, run, { setsPace: true, take: (_, bytes) => write(stdout, guard.take(bytes)) }))
    await write(stdout, guard.end())
  } finally {
    stdout.off('resize', resize)
  }
  if (sending.failure) tell(`nexus: keystrokes got lost: ${sending.failure.message}`)
}

/** One after the other: a later keystroke must not overtake. */
class Sending {
  failure: Error | undefined
  #last = Promise.resolve()

  add(work: () => Promise<unknown>): void {
    this.#last = this.#last.then(work).then(() => undefined, (error: unknown) => {
      // A shell that has just ended takes no more of them.
      if (error instanceof Problem && error.code === 'wrong-status') return
      this.failure ??= error instanceof Error ? error : new Error(String(error))
    })
  }
}
