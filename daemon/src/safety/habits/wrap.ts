/** Programs that start another one: their own options are taken off, the rest is judged as if it stood there. */
import type { Call } from '../call.ts'
import type { Model } from '../model.ts'
import type { Shell } from '../shell/shell.ts'
import { isKnown, quoted, UNKNOWN_FLOW, type Flow } from '../text.ts'

export interface Wrapping {
  /** Options that take the next word. */
  readonly values?: string
  /** Operands before the command: `timeout 5 CMD`. */
  readonly skip?: number
  /** `NAME=value` in front. */
  readonly isEnvironment?: boolean
}

export interface Unwrapped {
  readonly options: ReadonlyMap<string, string>
  readonly skipped: readonly string[]
  readonly inner: readonly string[]
}

export function unwrap(words: readonly string[], { values = '', skip = 0, isEnvironment = false }: Wrapping): Unwrapped {
  const taking = new Set(values.split(' '))
  const options = new Map<string, string>()
  const skipped: string[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    if (word === '--') { at += 1; if (skipped.length >= skip) break; continue }
    if (word.startsWith('-') && word.length > 1 && skipped.length <= skip) {
      const [name = '', joined] = word.startsWith('--') ? word.split(/=(.*)/s) : taking.has(word) ? [word] : [word.slice(0, 2), word.slice(2)]
      if (joined === undefined && taking.has(name)) at += 1
      options.set(name, joined !== undefined && joined !== '' ? joined : taking.has(name) ? (words[at] ?? '') : '')
      if (!word.startsWith('--') && !taking.has(name)) for (const letter of word.slice(2)) options.set(`-${letter}`, '')
      at += 1
    } else if (isEnvironment && /^[A-Za-z_]\w*=/.test(word)) at += 1
    else if (skipped.length < skip) { skipped.push(word); at += 1 } else break
  }
  return { options, skipped, inner: words.slice(at) }
}

/** Runs words as a command of their own. */
export function startWords(words: readonly string[], shell: Shell, stdin: Flow, change: Partial<Shell> = {}): Flow {
  if (words.length === 0) return stdin
  return shell.run(words.map(quoted).join(' '), { stdin, ...change }).out
}

/** Runs a text as a shell would, when it is known. */
export function startText(text: string, shell: Shell, stdin: Flow, change: Partial<Shell> = {}): Flow {
  if (text.trim() === '') return UNKNOWN_FLOW
  if (!isKnown(text) && /^\s*[\uE000-\uE002]/.test(text)) {
    shell.does(text.includes('\uE002') ? 'exec.remote' : 'exec.unknown', shell.isRoot || change.isRoot === true ? 'vital' : 'unknown', { target: text })
    return UNKNOWN_FLOW
  }
  return shell.run(text, { stdin, ...change }).out
}

export function wrapping(how: Wrapping, change: Partial<Shell> = {}): (call: Call) => Flow {
  return ({ words, shell, stdin }) => startWords(unwrap(words, how).inner, shell, stdin, change)
}

/** A model for one more program of this kind. */
export function wrapperModel(names: string, what: string, how: Wrapping, examples: Model['examples'], change: Partial<Shell> = {}): Model {
  return { names, what, isWrapper: true, run: wrapping(how, change), examples }
}
