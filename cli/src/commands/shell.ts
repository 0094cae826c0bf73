/** `nexus shell RUN`: the terminal is relayed; the user's own tty is never handed in. */
import { Problem } from '@nexus/protocol/problem'
import type { Output } from '@nexus/protocol/runs'
import { named, type Invocation } from '../command.ts'
import { subscribe } from '../daemon/stream.ts'
import { callersEnvironment } from '../environment.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) throw new Problem('usage', { what: 'nexus shell needs a terminal', topic: 'shell' })
  return enter(invocation, invocation.words[0] ?? '')
}

/** Opens the shell, relays until it ends, tells what the layer holds then. */
export async function enter(invocation: Invocation, name: string): Promise<number> {
  const { client, env, tell, errorTheme } = invocation
  const { stdout } = process
  const pty = { rows: stdout.rows || 24, cols: stdout.columns || 80 }
  const { run: opened } = await client.runs.shell.mutate({ ...named(invocation, name), env: callersEnvironment(env), umask: process.umask(), pty })
  tell(errorTheme.dim(`inside ${opened.id}: nothing here reaches the host; leave with exit or Ctrl-D`))
  await relay(invocation, opened.id)
  const { run: ended } = await client.runs.wait.query({ run: opened.id })
  for (const line of summaryLines(ended, errorTheme)) tell(line)
  for (const step of nextSteps(ended)) tell(`  ${errorTheme.dim('next:')} ${step}`)
  return 0
}

/** Keystrokes in, output out, size along, until the shell ends; the terminal is as before afterwards. */
async function relay({ client, home }: Invocation, run: string): Promise<void> {
  const { stdin, stdout } = process
  // Keystrokes go one after the other: a later one must not overtake.
  let sending = Promise.resolve()
  const queue = (work: () => Promise<unknown>) => {
    // A shell that has just ended takes no more of them.
    sending = sending.then(work).then(() => undefined, () => undefined)
  }
  const type = (bytes: Buffer) => queue(() => client.runs.input.mutate({ run, base64: bytes.toString('base64'), end: false }))
  const resize = () => queue(() => client.runs.resize.mutate({ run, rows: stdout.rows || 24, cols: stdout.columns || 80 }))
  // Not enough to listen: Ink, when it was here before, has paused stdin and let go of it.
  stdin.ref().setRawMode(true).on('data', type).resume()
  stdout.on('resize', resize)
  try {
    await resumed<Output>(home.socket, 'runs.output', (after) => ({ run, after }), (piece) => {
      if (piece.type === 'end') return 'end'
      stdout.write(Buffer.from(piece.base64, 'base64'))
      return piece.at
    })
  } finally {
    stdout.off('resize', resize)
    stdin.off('data', type).pause().setRawMode(false).unref()
  }
}
