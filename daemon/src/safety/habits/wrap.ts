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
      const { name, value, takesNext } = optionIn(word, taking)
      if (takesNext) at += 1
      options.set(name, takesNext ? (words[at] ?? '') : value)
      if (!word.startsWith('--')) for (const letter of word.slice(1, Math.max(1, word.indexOf(name[1] ?? '')))) options.set(`-${letter}`, '')
      if (!word.startsWith('--') && !taking.has(name)) for (const letter of word.slice(1)) options.set(`-${letter}`, '')
      at += 1
    } else if (isEnvironment && /^[A-Za-z_]\w*=/.test(word)) at += 1
    else if (skipped.length < skip) { skipped.push(word); at += 1 } else break
  }
  return { options, skipped, inner: words.slice(at) }
}

/** `-n 5`, `-n5`, `--name=5`, `-qc CMD`: the letter that takes a value ends the cluster. */
function optionIn(word: string, taking: ReadonlySet<string>): { name: string; value: string; takesNext: boolean } {
  if (word.startsWith('--')) {
    const [name = '', value] = word.split(/=(.*)/s)
    return { name, value: value ?? '', takesNext: value === undefined && taking.has(name) }
  }
  if (taking.has(word)) return { name: word, value: '', takesNext: true }
  for (let letter = 1; letter < word.length; letter += 1) {
    const name = `-${word[letter] ?? ''}`
    if (taking.has(name)) return { name, value: word.slice(letter + 1), takesNext: letter === word.length - 1 }
  }
  return { name: word.slice(0, 2), value: '', takesNext: false }
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
