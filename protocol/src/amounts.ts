/** Sizes and durations as a person writes them: `512MiB`, `2GB`, `90s`, `1.5h`. */

const SIZES: Readonly<Record<string, number>> = {
  b: 1, k: 1024, kb: 1000, kib: 1024, m: 1024 ** 2, mb: 1000 ** 2, mib: 1024 ** 2, g: 1024 ** 3, gb: 1000 ** 3, gib: 1024 ** 3, t: 1024 ** 4, tb: 1000 ** 4, tib: 1024 ** 4,
}
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Bytes; null when it is no size, or none at all. */
export function sizeBytes(text: string): number | null {
  const [, amount, unit = 'b'] = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i.exec(text) ?? []
  return positive(Number(amount) * (SIZES[unit.toLowerCase()] ?? Number.NaN))
}

/** Milliseconds; a bare number counts seconds. Null when it is no duration, or none at all. */
export function durationMs(text: string): number | null {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  return positive(Number(amount) * (DURATIONS[unit] ?? Number.NaN))
}

function positive(amount: number): number | null {
  const whole = Math.round(amount)
  return whole > 0 && Number.isSafeInteger(whole) ? whole : null
}
