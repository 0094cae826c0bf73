/** The keys with which a person leaves a terminal that goes on without them: Ctrl-] d. Ctrl-] twice is that key itself. */

const LEADER = 0x1d
const LEAVE = new Set([0x64, 0x44, 0x04]) // d, D, Ctrl-D

export const LEAVE_KEYS = 'Ctrl-] d'

export class LeaveKeys {
  #isLed = false

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
      // Any other key after the first one was meant for what runs inside, both of them.
      if (wasLed && key !== LEADER) passed.push(LEADER)
      passed.push(key)
    }
    return { keys: Buffer.from(passed), leaves: false }
  }
}
