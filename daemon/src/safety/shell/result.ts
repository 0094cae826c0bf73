/** How something ended, and what it printed. */
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'

export interface Result {
  /** Exit status 0, other, or not known. */
  readonly succeeds: boolean | undefined
  readonly out: Flow
  /** The shell has ended: nothing after this runs. */
  readonly isOver: boolean
}

export const DONE: Result = { succeeds: undefined, out: NOTHING, isOver: false }

export function printed(out: Flow): Result {
  return { ...DONE, out }
}

/** One after the other. */
export function joined(first: Flow, second: Flow): Flow {
  if (first === NOTHING) return second
  if (second === NOTHING) return first
  return {
    text: first.text === undefined || second.text === undefined ? undefined : first.text + second.text,
    ...blended(first, second),
    ...(first.paths && second.paths ? { paths: [...first.paths, ...second.paths] } : {}),
  }
}

/** One or the other. */
export function either(first: Flow, second: Flow): Flow {
  if (first === NOTHING || (first.text !== undefined && first.text === second.text)) return second
  if (second === NOTHING) return first
  return { ...UNKNOWN_FLOW, ...blended(first, second) }
}

function blended(first: Flow, second: Flow): Omit<Flow, 'text' | 'paths'> {
  const bare = (first.isSecret && first.isEnvironment !== true) || (second.isSecret && second.isEnvironment !== true)
  return {
    isSecret: first.isSecret || second.isSecret, isDownloaded: first.isDownloaded || second.isDownloaded, origin: first.origin ?? second.origin, isEnvironment: !bare && (first.isEnvironment === true || second.isEnvironment === true),
    isShell: first.isShell === true || second.isShell === true, partial: `${first.text ?? first.partial ?? ''}${second.text ?? second.partial ?? ''}`,
  }
}
