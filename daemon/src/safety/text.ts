/**
 * Text that is only partly known. What a shell would only learn at run time stands in the string as one character of
 * the private use area, so that words stay strings and can be cut, joined and matched.
 */

/** Anything, of any length. */
export const ANYTHING = '\uE000'
/** The value of a secret. */
export const SECRET = '\uE001'
/** What came from the network. */
export const DOWNLOADED = '\uE002'
/** One name without slash or space: a date, a number, a user. */
export const NAME = '\uE003'
/** `*`, `?`, `[…]`, not quoted. */
export const GLOB = '\uE004'

const UNKNOWNS = /[\uE000-\uE002]/
const MARKS = /[\uE000-\uE00F]/g

export function isKnown(text: string): boolean {
  return !UNKNOWNS.test(text)
}

export function isSecret(text: string): boolean {
  return text.includes(SECRET)
}

export function isDownloaded(text: string): boolean {
  return text.includes(DOWNLOADED)
}

/** Text from outside has no marks: they would be taken for ours. */
export function withoutMarks(text: string): string {
  return text.replace(MARKS, '\uFFFD')
}

/** As a person would write it. */
export function readable(text: string): string {
  return text.replace(MARKS, (mark) => (mark === GLOB ? '*' : mark === SECRET ? '<secret>' : mark === DOWNLOADED ? '<download>' : mark === NAME ? '<name>' : '<?>'))
}

/** What flows through a pipe or out of a substitution. */
export interface Flow {
  /** The bytes, as far as they are known. */
  readonly text?: string | undefined
  readonly isSecret: boolean
  readonly isDownloaded: boolean
  /** Lines that name files, as patterns. */
  readonly paths?: readonly string[] | undefined
  /** As far as they are known, where not all of it is. */
  readonly partial?: string | undefined
  /** The environment: full of names and values, shown every day, yet not to be sent anywhere. */
  readonly isEnvironment?: boolean | undefined
  /** It never ends. */
  readonly isEndless?: boolean | undefined
  /** What a shell prints that somebody else types into. */
  readonly isShell?: boolean | undefined
  /** Which secret it is, and where it was read. */
  readonly origin?: { readonly target: string; readonly program: string; readonly span: readonly [number, number] } | undefined
}

export const NOTHING: Flow = { text: '', isSecret: false, isDownloaded: false }
export const UNKNOWN_FLOW: Flow = { isSecret: false, isDownloaded: false }

export function flowOf(text: string): Flow {
  return { text, isSecret: isSecret(text), isDownloaded: isDownloaded(text) }
}

/** The flow as one word's worth of text. */
export function textOf(flow: Flow): string {
  if (flow.text !== undefined) return flow.text.replace(/\n+$/, '')
  if (flow.isSecret) return SECRET
  if (flow.isDownloaded) return DOWNLOADED
  return flow.paths?.length === 1 && flow.paths[0] !== undefined ? flow.paths[0] : ANYTHING
}

/** A word as shell text that expands to itself; marks stay what they are. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./\uE000-\uE00F-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
