/** `$x`, `${x:-y}`, `${x%y}`, `${!x}`, `${a[@]}`, `$@`: the value as far as it is known. */
import type { ParameterExpansionPart, ParameterOperation, Word } from 'unbash'
import { ANYTHING, GLOB, isKnown } from '../text.ts'
import type { Shell, Value } from './shell.ts'

/** A word inside the braces as text. */
export type Expand = (word: Word | undefined) => string

interface Asked {
  readonly name: string
  readonly part?: ParameterExpansionPart | undefined
}
interface Given {
  readonly text: string
  readonly fields?: readonly string[] | undefined
}

export function parameter({ name, part }: Asked, shell: Shell, expand: Expand): Given {
  if (name === '@' || name === '*') return several(shell.positional ?? [ANYTHING], part, expand)
  const stored = part?.prefix === '!' ? indirect(name, shell) : /^[1-9]\d*$/.test(name) ? positional(Number(name), shell) : shell.variable(name)
  const index = part?.index === undefined ? undefined : expand(part.index)
  if (index === '@' || index === '*') return part?.prefix === '#' ? { text: Array.isArray(stored) ? String(stored.length) : ANYTHING } : several(listOf(stored), part, expand)
  const value = valueAt(stored, index)
  if (part?.prefix === '#') return { text: value === undefined ? '0' : String(value.length) }
  return part?.operation === undefined ? { text: value ?? ANYTHING } : { text: operate(value, part.operation, expand) }
}

function several(values: readonly string[], part: ParameterExpansionPart | undefined, expand: Expand): Given {
  const operation = part?.operation
  const fields = operation?.type === 'Slice' ? values.slice(Number(expand(operation.offset)) - (part?.parameter === '@' || part?.parameter === '*' ? 1 : 0)) : operation === undefined ? values : values.map((value) => operate(value, operation, expand))
  return { text: fields.join(' '), fields }
}

function indirect(name: string, shell: Shell): Value | undefined {
  const target = shell.variable(name)
  return typeof target === 'string' && isKnown(target) ? shell.variable(target) : undefined
}

function positional(at: number, shell: Shell): string | undefined {
  return shell.positional === undefined ? undefined : (shell.positional[at - 1] ?? '')
}

function listOf(value: Value | undefined): readonly string[] {
  return value === undefined ? [ANYTHING] : typeof value === 'string' ? [value] : value
}

function valueAt(value: Value | undefined, index: string | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  const at = index === undefined ? 0 : Number(index)
  return Number.isInteger(at) ? (value[at < 0 ? value.length + at : at] ?? '') : ANYTHING
}

function operate(value: string | undefined, operation: ParameterOperation, expand: Expand): string {
  switch (operation.type) {
    case 'Default': {
      const other = () => expand(operation.operand)
      if (operation.operator.endsWith('+')) return value === '' && operation.operator === ':+' ? '' : value === undefined ? ANYTHING : other()
      // Not set here: it may be set outside; of both, the fallback is what we can see.
      if (value === undefined || (value === '' && operation.operator.startsWith(':'))) return operation.operator.endsWith('?') ? ANYTHING : other()
      return value
    }
    case 'Remove': {
      if (value === undefined || !isKnown(value)) return value ?? ANYTHING
      const pattern = expand(operation.operand)
      return isKnown(pattern) && value.length <= PATTERN_TEXT_MAX ? remove(value, pattern, operation.operator) : ANYTHING
    }
    case 'Replace': {
      if (value === undefined || !isKnown(value)) return value ?? ANYTHING
      const [pattern, replacement] = [expand(operation.pattern), expand(operation.replacement)]
      if (!isKnown(pattern) || value.length > PATTERN_TEXT_MAX) return ANYTHING
      const anchored = `${operation.operator === '/#' ? '^' : ''}${globSource(pattern, true)}${operation.operator === '/%' ? '$' : ''}`
      return value.replace(new RegExp(anchored, operation.operator === '//' ? 'gs' : 's'), () => replacement)
    }
    case 'Slice': {
      if (value === undefined || !isKnown(value)) return value ?? ANYTHING
      const [offset, length] = [Number(expand(operation.offset)), operation.length === undefined ? undefined : Number(expand(operation.length))]
      if (!Number.isInteger(offset) || (length !== undefined && !Number.isInteger(length))) return ANYTHING
      const from = offset < 0 ? value.length + offset : offset
      return length === undefined ? value.slice(from) : length < 0 ? value.slice(from, length) : value.slice(from, from + length)
    }
    case 'CaseModification': {
      if (value === undefined) return ANYTHING
      if (operation.operator === '^^') return value.toUpperCase()
      if (operation.operator === ',,') return value.toLowerCase()
      const first = value.slice(0, 1)
      return (operation.operator === '^' ? first.toUpperCase() : first.toLowerCase()) + value.slice(1)
    }
    case 'Transform': return value ?? ANYTHING
    case 'Names': case 'Unknown': return ANYTHING
  }
}

function remove(value: string, pattern: string, operator: '#' | '##' | '%' | '%%'): string {
  const source = globSource(pattern, operator.length === 2)
  if (operator.startsWith('#')) return value.replace(new RegExp(`^(?:${source})`, 's'), '')
  // The shortest end is found from the right.
  for (let at = value.length; at >= 0; at -= 1) {
    const from = operator === '%' ? at : value.length - at
    if (new RegExp(`^(?:${source})$`, 's').test(value.slice(from))) return value.slice(0, from)
  }
  return value
}

/** Patterns with several stars are not let loose on a long text. */
const PATTERN_TEXT_MAX = 2000

/** A pattern of the shell as a regular expression; the stars that it may hold are few, so that it stays fast. */
export function globSource(pattern: string, isGreedy: boolean): string {
  let stars = 0
  return pattern.slice(0, 200).replace(new RegExp(`\\*+|\\?|${GLOB}+|[.+^$(){}|\\\\\\]\\[/-]`, 'g'), (found) => {
    if (found === '?') return '.'
    if (found.startsWith('*') || found.startsWith(GLOB)) {
      stars += 1
      return stars > 4 ? '\\*' : isGreedy ? '.*' : '.*?'
    }
    return `\\${found}`
  })
}
