/** A critical verdict wants a word that nobody types by habit, before anything of the run is applied. */
import type { Run } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { safe } from '@nexus/protocol/readable'
import { askWord } from './screen/ask-word.ts'

const WORD = 'critical'

export interface Confirmed {
  readonly confirm?: 'critical'
}

/** Null: the person did not say it. Without a verdict that asks for it there is nothing to say. */
export async function confirmed({ tell, errorTheme }: Invocation, { verdict }: Pick<Run, 'verdict'>): Promise<Confirmed | null> {
  if (!verdict?.confirm) return {}
  tell(errorTheme.bad(`✗ critical: ${verdict.reasons.slice(0, 3).map(safe).join('; ')}`))
  return (await askWord(`Type "${WORD}" to apply it all the same`)) === WORD ? { confirm: WORD } : null
}
