/** What a person beside a run does with the leading key: Ctrl-] o, r and n answer a question of the network while one is open.
 * The keys with which a person leaves a terminal that goes on without them: Ctrl-] d. Ctrl-] twice is that key itself. */
import type { NetAnswer } from '@nexus/protocol/network'
import type { AskingBeside } from '../asking-beside.ts'

const LEADER = 0x1d
const LEAVE = new Set([0x64, 0x44, 0x04]) // d, D, Ctrl-D
const ANSWERS: ReadonlyMap<number, NetAnswer> = new Map([[0x6f, 'once'], [0x72, 'run'], [0x6e, 'deny']] as const) // o, r, n

export const LEAVE_KEYS = 'Ctrl-] d'

export class LeaveKeys {
  #isLed = false
  readonly #asking: Pick<AskingBeside, 'isOpen' | 'answer'> | undefined

  constructor(asking?: Pick<AskingBeside, 'isOpen' | 'answer'>) {
    this.#asking = asking
  }

  /** What goes on to the terminal inside, and whether the person leaves (then nothing after it counts). */
  take(keys: Uint8Array): { readonly keys: Buffer; readonly leaves: boolean } {
    const passed: number[] = []
    for (const key of keys) {
      if (!this.#isLed && key === LEADER) {
        this.#isLed = true
        continue
      }
      const wasLed = this.#isLed
      this.#isLed = false
      if (wasLed && LEAVE.has(key)) return { keys: Buffer.from(passed), leaves: true }
      const answer = wasLed && this.#asking?.isOpen ? ANSWERS.get(key) : undefined
      if (answer) {
        this.#asking?.answer(answer)
        continue
      }
      // Any other key after the first one was meant for what runs inside, both of them.
      if (wasLed && key !== LEADER) passed.push(LEADER)
      passed.push(key)
    }
    return { keys: Buffer.from(passed), leaves: false }
  }
}
