/** One call of a program: its words, sorted into options and operands. */
import { readFrom } from './shell/redirects.ts'
import type { Shell } from './shell/shell.ts'
import { ANYTHING, isDownloaded, isSecret, UNKNOWN_FLOW, type Flow } from './text.ts'
import type { Model } from './model.ts'

export type Flags = ReadonlyMap<string, readonly string[]>

export interface Call {
  readonly name: string
  readonly words: readonly string[]
  readonly flags: Flags
  readonly operands: readonly string[]
  readonly stdin: Flow
  readonly shell: Shell
  readonly model: Model
}

export interface Sorted {
  readonly flags: Flags
  readonly operands: readonly string[]
}

export function sorted(words: readonly string[], values: ReadonlySet<string>, style: Model['style'] = 'gnu'): Sorted {
  const flags = new Map<string, string[]>()
  const operands: string[] = []
  const add = (flag: string, value: string | undefined) => {
    const before = flags.get(flag) ?? []
    flags.set(flag, value === undefined ? before : [...before, value])
  }
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--' && style !== 'slash') {
      flags.set('--', [])
      operands.push(...words.slice(at + 1))
      break
    }
    if (style === 'slash' && /^\/[A-Za-z?][A-Za-z]*(:.*)?$/.test(word)) {
      const [flag = '', value] = word.toLowerCase().split(/:(.*)/s)
      if (values.has(flag) && value === undefined) at += 1
      add(flag, value ?? (values.has(flag) ? words[at] : undefined))
    } else if (!word.startsWith('-') || word === '-' || (style === 'slash' && !word.startsWith('--'))) operands.push(word)
    else if (word.startsWith('--') || style === 'long' || style === 'pwsh') {
      const [written = '', joined] = word.split(/[=:](.*)/s)
      const flag = style === 'pwsh' ? `-${written.replace(/^-+/, '').toLowerCase()}` : style === 'long' ? `--${written.replace(/^-+/, '')}` : written
      const takes = style === 'pwsh' ? [...values].some((one) => one.startsWith(flag)) : values.has(flag) || values.has(written)
      if (joined === undefined && takes) at += 1
      add(flag, joined ?? (takes ? words[at] : undefined))
    } else at = cluster(word, words, at, values, add)
  }
  return { flags, operands }
}

/** `-rf`, `-ofile`, `-o file`. */
function cluster(word: string, words: readonly string[], at: number, values: ReadonlySet<string>, add: (flag: string, value: string | undefined) => void): number {
  for (let letter = 1; letter < word.length; letter += 1) {
    const flag = `-${word[letter] ?? ''}`
    if (!values.has(flag)) {
      if (/[=]/.test(word[letter] ?? '')) return at
      add(flag, undefined)
      continue
    }
    const rest = word.slice(letter + 1)
    if (rest !== '') {
      add(flag, rest.replace(/^=/, ''))
      return at
    }
    add(flag, words[at + 1])
    return at + 1
  }
  return at
}

/** One of these options is there; GNU options may be cut short. */
export function has(flags: Flags, ...names: readonly string[]): boolean {
  return names.some((name) => {
    if (flags.has(name)) return true
    if (!name.startsWith('--') || name.length < 6) return false
    for (const flag of flags.keys()) if (flag.length >= 5 && flag.startsWith('--') && name.startsWith(flag)) return true
    return false
  })
}

export function valuesOf(flags: Flags, ...names: readonly string[]): string[] {
  return names.flatMap((name) => flags.get(name) ?? [])
}

/** What it reads when it prints what it reads: its files, else its input. */
export function contentOf(files: readonly string[], { stdin, shell }: Pick<Call, 'stdin' | 'shell'>): Flow {
  const flows = files.length === 0 || files.includes('-') ? [stdin, ...files.filter((file) => file !== '-').map((file) => readFrom(file, shell))] : files.map((file) => readFrom(file, shell))
  const only = flows.length === 1 ? flows[0] : undefined
  if (only) return only
  const texts = flows.map(({ text }) => text)
  return { ...UNKNOWN_FLOW, isSecret: flows.some((flow) => flow.isSecret), isDownloaded: flows.some((flow) => flow.isDownloaded), ...(texts.every((text) => text !== undefined) ? { text: texts.join('') } : {}) }
}

/** Do the words themselves carry something that must not leave, or that came from outside? */
export function carried(words: readonly string[]): { isSecret: boolean; isDownloaded: boolean; isUnknown: boolean } {
  return { isSecret: words.some(isSecret), isDownloaded: words.some(isDownloaded), isUnknown: words.some((word) => word.includes(ANYTHING)) }
}
