/** An effect as clients are told of it. */
import type { VerdictEffect } from '@nexus/protocol/safety'
import type { Effect } from './effect.ts'

export function told({ kind, scope, amount, target, reversibility, certainty, level, program, span }: Effect): VerdictEffect {
  return { kind, scope, amount, target: target.length > 300 ? `${target.slice(0, 300)}…` : target, reversibility, certainty, level, program, span: [span[0], span[1]] }
}
