/** Wakes everybody who waits, whenever it rings. Take `next()` before looking, then wait: no ring is missed. */
export class Bell {
  #current = Promise.withResolvers<void>()

  next(): Promise<void> {
    return this.#current.promise
  }

  ring(): void {
    const { resolve } = this.#current
    this.#current = Promise.withResolvers<void>()
    resolve()
  }
}

/** Resolves with the first of the two; an abort is not an error for somebody who only waits. */
export async function untilRung(rung: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return rung
  if (signal.aborted) return
  const aborted = Promise.withResolvers<void>()
  const abort = () => aborted.resolve()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([rung, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
