/** A critical verdict wants a word that nobody clicks by habit. */
import { safe } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'

const CRITICAL_WORD = 'critical'

export function isSaid(run: Pick<Run, 'verdict'>, word: string): boolean {
  return run.verdict?.confirm === undefined || word === CRITICAL_WORD
}

/** What an apply sends along. */
export function saidIn(run: Pick<Run, 'verdict'>): { confirm?: 'critical' } {
  return run.verdict?.confirm ? { confirm: CRITICAL_WORD } : {}
}

export function CriticalWord({ run, word, onWord }: { readonly run: Pick<Run, 'verdict'>; readonly word: string; readonly onWord: (word: string) => void }) {
  if (!run.verdict?.confirm) return null
  return (
    <label className="critical-word">
      <span className="bad-words">✗ critical: {run.verdict.reasons.slice(0, 3).map(safe).join('; ')}.</span> Type “{CRITICAL_WORD}” to apply it all the same:{' '}
      <input type="text" value={word} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={({ target }) => onWord(target.value.trim().toLowerCase())} />
    </label>
  )
}
