/** Measures two things alternately, so that a loaded machine slows both: what is compared are medians of the same minutes. */

export interface Pair {
  /** Medians in milliseconds. */
  readonly base: number
  readonly other: number
  /** other / base. */
  readonly ratio: number
  /** Median of the differences within each pair. */
  readonly extra: number
}

export type Measured = () => Promise<number> | number

/** Each call returns milliseconds. One pair is thrown away to warm up. */
export async function pairs(rounds: number, base: Measured, other: Measured): Promise<Pair> {
  const measured: { base: number; other: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    // The second of two is often the luckier one, so they change places.
    const swapped = round % 2 === 1
    const first = await (swapped ? other : base)()
    const second = await (swapped ? base : other)()
    if (round > 0) measured.push(swapped ? { base: second, other: first } : { base: first, other: second })
  }
  const medians = { base: median(measured.map((pair) => pair.base)), other: median(measured.map((pair) => pair.other)) }
  return { ...medians, ratio: medians.other / medians.base, extra: median(measured.map((pair) => pair.other - pair.base)) }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export function row(name: string, { base, other, ratio, extra }: Pair, note = ''): string {
  return `${name.padEnd(44)} ${other.toFixed(2).padStart(8)} ms  base ${base.toFixed(2).padStart(7)} ms  x ${ratio.toFixed(2).padStart(5)}  + ${extra.toFixed(2).padStart(7)} ms  ${note}`
}

/** A loaded machine spoils one round, hardly three: measures until the promise is reached, else returns the last figure. */
export async function bestOf<Figure>(measure: () => Promise<Figure>, isReached: (figure: Figure) => boolean): Promise<Figure> {
  let figure = await measure()
  for (let round = 1; round < 3 && !isReached(figure); round += 1) figure = await measure()
  return figure
}

/** Says whether a promised figure was reached; a missed one makes the benchmark fail. */
export function goal(words: string, isReached: boolean): string {
  if (!isReached) process.exitCode = 1
  return `${isReached ? 'reached' : 'MISSED'}: ${words}`
}
