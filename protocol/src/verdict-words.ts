/** The four verdicts for eyes: a sign and a word, so that colour is never alone. */
import type { Level } from './safety.ts'

export const LEVEL_SIGNS: Readonly<Record<Level, string>> = { safe: '✓', caution: '●', dangerous: '▲', critical: '✗' }

/** From harmless to catastrophic. */
export function rankOf(level: Level): number {
  return Object.keys(LEVEL_SIGNS).indexOf(level)
}

export const LEVEL_MEANINGS: Readonly<Record<Level, string>> = {
  safe: 'only reads or prints', caution: 'changes that are easily taken back', dangerous: 'hard to take back, or it leaves the project', critical: 'catastrophic or without bounds',
}

export function isGrave(level: Level | undefined): boolean {
  return level === 'dangerous' || level === 'critical'
}
