/** The terms a run is made under: its place, the limits of the settings, and what a person should know of them. */
import type { Breach } from '@nexus/protocol/runs'
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { EffectiveSettings, Limits } from '@nexus/protocol/settings'
import type { LaunchEnd, LaunchOrder } from '../sandbox/launch.ts'
import type { NewPlace, RunRow } from './ledger.ts'
import { STORED_BYTES } from './output.ts'

export interface Terms extends NewPlace {
  readonly limits: Limits
  readonly nestedSandboxes: boolean
  readonly notes: readonly string[]
  readonly verdict: RunVerdict
}

export function termsOf({ limits, nestedSandboxes, faults, refused }: EffectiveSettings): Pick<Terms, 'limits' | 'nestedSandboxes' | 'notes'> {
  return {
    limits, nestedSandboxes, notes: [
      ...faults.map(({ path, line, column, what }) => `${path}:${line}:${column}: ${what}; what the file said before is in force`),
      ...refused.map(({ setting, asked, inForce }) => `${setting}: the project asks for ${asked}, ${inForce} is in force; nexus settings trust lets it`),
    ],
  }
}

/** The shorter of what the caller and the settings allow. */
export function limitsFor({ request, limits, nestedSandboxes }: RunRow): Pick<LaunchOrder, 'timeoutMs' | 'limits' | 'nestedSandboxes'> {
  const timeMs = [request.timeoutMs, limits?.timeMs].filter((time) => typeof time === 'number')
  return { ...(timeMs.length > 0 ? { timeoutMs: Math.min(...timeMs) } : {}), ...(limits ? { limits } : {}), nestedSandboxes }
}

/** The limit of the settings that ended a run; a time that the caller gave is the caller's own. */
export function breachOf(end: LaunchEnd, { request, limits }: RunRow): Breach | null {
  if (end.type === 'limited') return end.breach
  if (end.type !== 'timed-out' || !limits?.timeMs || (request.timeoutMs ?? Infinity) < limits.timeMs) return null
  return { limit: 'time', allowed: limits.timeMs, amount: Math.round(end.durationMs) }
}

/** How much of a run's output is stored. */
export function storedBytesOf({ limits }: Pick<RunRow, 'limits'>): number {
  return limits === null ? STORED_BYTES : (limits.outputBytes ?? Number.POSITIVE_INFINITY)
}
