/** One line on the terminal for what takes over a second: what, and for how long. Gone when it is done. */
const AFTER_MS = 1000
const EVERY_MS = 250

export class Progress implements Disposable {
  readonly #startedAt = performance.now()
  readonly #timer: NodeJS.Timeout | undefined
  #shown = false
  #what: string
  #more: (() => Promise<void>) | undefined

  constructor(what: string) {
    this.#what = what
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#draw(), EVERY_MS)
    this.#timer?.unref()
  }

  /** Something else is on the screen now: the line goes and does not come back. */
  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  /** Makes room for a line that stays. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001B[K')
    this.#shown = false
  }

  /** Asks for more to tell, once the line is there. What goes wrong with that is no news. */
  whenLong(more: () => Promise<void>): void {
    this.#more = more
  }

  now(what: string): void {
    this.#what = what
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#startedAt
    if (elapsedMs < AFTER_MS) return
    this.#shown = true
    const more = this.#more
    this.#more = undefined
    // Who waits is told the end by the answer itself.
    more?.().catch(() => undefined)
    process.stderr.write(`\r\u001B[K${this.#what} … ${(elapsedMs / 1000).toFixed(0)} s`)
  }
}
