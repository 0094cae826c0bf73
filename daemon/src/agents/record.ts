/** Looks into JSON that somebody else has written: any member may be missing or something else. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }
type Found = Json | undefined

export function member(value: Found, ...names: readonly string[]): Found {
  return names.reduce<Found>((at, name) => (isRecord(at) ? at[name] : undefined), value)
}

export function textOf(value: Found): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function listOf(value: Found): readonly Json[] {
  return isList(value) ? value : []
}

/** A count that can be one. */
export function countOf(value: Found): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e12 ? Math.round(value) : 0
}

/** Milliseconds, from those or from the words of ISO 8601. */
export function timeOf(value: Found): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : value
  return typeof at === 'number' && Number.isSafeInteger(at) && at > 0 ? at : undefined
}

/** Texts as they are, lists of parts by their texts, anything else as JSON. */
export function wordsOf(value: Found): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (!isList(value)) return textOf(member(value, 'text')) ?? JSON.stringify(value)
  return value.map((part) => (typeof part === 'string' ? part : (textOf(member(part, 'text')) ?? JSON.stringify(part)))).join('\n')
}

/** What a tool was given: the command where it takes one, else all of it. */
export function callOf(value: Found): string {
  const given = typeof value === 'string' ? (parsed(value) ?? value) : value
  const command = member(given, 'command') ?? member(given, 'cmd')
  if (typeof command === 'string') return command
  const words = listOf(command)
  if (words.length > 0 && words.every((word) => typeof word === 'string')) return words.join(' ')
  return typeof given === 'object' && given !== null ? JSON.stringify(given, null, 1) : wordsOf(given)
}

export function parsed(text: string): Found {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined // half a line, or none of ours
  }
}

/** What was printed as JSON: a value per line, lists as their members; or the one value that begins somewhere and goes on to the end. */
export function printedIn(text: string): Json[] {
  const lines = text.split('\n').flatMap((line) => {
    const value = /^\s*[{[].*[}\]]\s*$/.test(line) ? parsed(line) : undefined
    return isList(value) ? value : (value ?? [])
  })
  const begin = /^\{\s*$/m.exec(text)
  const whole = begin ? parsed(text.slice(begin.index)) : undefined
  return whole === undefined || whole === null ? lines : [whole]
}

function isRecord(value: Found): value is { readonly [name: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !isList(value)
}

function isList(value: Found): value is readonly Json[] {
  return Array.isArray(value)
}
