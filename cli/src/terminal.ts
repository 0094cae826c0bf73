/** Our own terminal, as far as a command inside may have one like it. */
import type { Invocation } from './command.ts'

export interface TerminalSize {
  readonly rows: number
  readonly cols: number
}

/** The size for the terminal of a command; undefined when one of our three streams is not on a terminal. */
export function ownTerminal({ json, env }: Pick<Invocation, 'json' | 'env'>): TerminalSize | undefined {
  const { stdin, stdout, stderr } = process
  const isOurs = !json && env.TERM !== 'dumb' && stdin.isTTY === true && stdout.isTTY === true && stderr.isTTY === true
  return isOurs ? sizeOf(stdout) : undefined
}

export function sizeOf(stdout: NodeJS.WriteStream): TerminalSize {
  return { rows: stdout.rows || 24, cols: stdout.columns || 80 }
}
