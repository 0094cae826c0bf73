/**
 * Our terminal in front of the one inside a layer: keystrokes in, output out, size along. The terminal inside is the
 * sandbox's own; ours is never handed in, and is as before afterwards.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@nexus/protocol/problem'
import type { AskingBeside } from './asking-beside.ts'
import type { Invocation } from './command.ts'
import { takeOutput, write } from './output.ts'
import { withKeys } from './screen/keys.ts'
import { LeaveKeys } from './screen/leave-keys.ts'
import { ShellGuard } from './screen/shell-guard.ts'
import { sizeOf, type TerminalSize } from './terminal.ts'

/** How long the answers to questions that the command asked our terminal may take; they are not for the shell around us. */
const ANSWERS_MS = 120
/** What somebody who comes later sees of what was printed before. */
const TAIL_BYTES = 16 * 1024

export interface Relaying {
  /** The run was there before us: we see the end of what it printed, and it draws itself anew in our size. */
  readonly comesLater?: boolean
  /** Questions of the run that are answered at this terminal. */
  readonly asking?: AskingBeside
}

/** Until the run ends, or the person leaves it. */
export async function relay(invocation: Invocation, run: string, { comesLater = false, asking }: Relaying = {}): Promise<'ended' | 'left'> {
  const { client, tell } = invocation
  const { stdout } = process
  const sending = new Sending()
  const guard = new ShellGuard()
  const leaving = new AbortController()
  const leave = new LeaveKeys(asking)
  const type = (typed: Buffer) => {
    const { keys, leaves } = leave.take(typed)
    if (keys.length > 0) sending.add(() => client.runs.input.mutate({ run, base64: keys.toString('base64'), end: false }))
    if (leaves) leaving.abort()
  }
  const resize = ({ rows, cols }: TerminalSize) => sending.add(() => client.runs.resize.mutate({ run, rows, cols }))
  const resized = () => resize(sizeOf(stdout))
  // Only a size that changes makes a program draw itself.
  const redraw = () => {
    const { rows, cols } = sizeOf(stdout)
    resize({ rows: Math.max(1, rows - 1), cols })
    resize({ rows, cols })
  }
  if (asking) asking.redraw = redraw
  stdout.on('resize', resized)
  try {
    await withKeys(type, async () => {
      if (comesLater) redraw()
      await write(stdout, guard.begin())
      const take = (_: string, bytes: Buffer) => write(stdout, guard.take(bytes))
      await takeOutput(invocation, run, { setsPace: true, take, signal: leaving.signal, ...(comesLater ? { tailBytes: TAIL_BYTES } : {}) })
      await write(stdout, guard.end())
      if (guard.hasAsked) await pause(ANSWERS_MS)
    })
  } finally {
    stdout.off('resize', resized)
  }
  if (sending.failure) tell(`nexus: keystrokes got lost: ${sending.failure.message}`)
  return leaving.signal.aborted ? 'left' : 'ended'
}

/** One after the other: a later keystroke must not overtake. */
class Sending {
  failure: Error | undefined
  #last = Promise.resolve()

  add(work: () => Promise<unknown>): void {
    this.#last = this.#last.then(work).then(() => undefined, (error: unknown) => {
      // What has just ended takes no more of them.
      if (error instanceof Problem && error.code === 'wrong-status') return
      this.failure ??= error instanceof Error ? error : new Error(String(error))
    })
  }
}
