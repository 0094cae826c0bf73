/** The only reader of the time; handed in, so that tests can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** Milliseconds with fractions since some moment: only differences mean something. */
export const stopwatch = (): number => performance.now()
