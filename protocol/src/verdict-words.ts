/** The four verdicts for eyes: a sign and a word, so that colour is never alone. */
import type { Level } from './safety.ts'

export const LEVEL_SIGNS: Readonly<Record<Level, string>> = { safe: '✓', caution: '●', dangerous: '▲', critical: '✗' }

export function isGrave(level: Level | undefined): boolean {
  return level === 'dangerous' || level === 'critical'
}
