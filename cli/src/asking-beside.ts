/**
 * Questions while the keyboard belongs to a command's own terminal: whoever types there must not say yes by the way, so an
 * answer begins with the key that leaves the terminal, too.
 */
import type { NetAnswer, Question } from '@nexus/protocol/network'
import { safe } from '@nexus/protocol/readable'
import { endWords } from './asking.ts'

export class AskingBeside {
  #answer: ((given: NetAnswer | undefined) => void) | undefined
  /** Called after a question has gone from the screen: what runs there draws itself anew. */
  redraw: () => void = () => {}

  /** Does the person's next word belong to us? */
  get isOpen(): boolean {
    return this.#answer !== undefined
  }

  answer(given: NetAnswer): void {
    this.#answer?.(given)
  }

  async ask({ host, port, until }: Question, signal: AbortSignal): Promise<NetAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<NetAnswer | undefined>()
    this.#answer = resolve
    const silence = setTimeout(() => resolve(undefined), Math.max(0, until - Date.now()))
    const leave = () => resolve(undefined)
    signal.addEventListener('abort', leave, { once: true })
    say(`the command wants to reach ${safe(host)}:${port}, which is not on its list:  Ctrl-] o allow once  Ctrl-] r for this run  Ctrl-] n deny`)
    try {
      const answer = await promise
      say(endWords(answer, signal))
      return answer
    } finally {
      this.#answer = undefined
      clearTimeout(silence)
      signal.removeEventListener('abort', leave)
      this.redraw()
    }
  }
}

/** The terminal is raw: a line break needs both of its characters. */
function say(words: string): void {
  process.stderr.write(`\r\n\u001B[0mnexus: ${words}\r\n`)
}
