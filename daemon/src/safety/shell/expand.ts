/** Words to fields, as a shell expands them: variables, substitutions, braces, tildes, globs; unknown parts become marks. */
import { parse, type ArithmeticExpression, type Word, type WordPart } from 'unbash'
import { ANYTHING, GLOB, NAME, textOf, isKnown } from '../text.ts'
import { parameter } from './parameter.ts'
import type { Result } from './result.ts'
import type { Shell } from './shell.ts'

/** A piece of a word: quoted pieces are neither split nor globbed. */
interface Piece {
  readonly text: string
  readonly isQuoted: boolean
  /** More than one field, as `"$@"` and `${a[@]}` give. */
  readonly fields?: readonly string[] | undefined
}

/** Runs a script for its output. */
export type Substitute = (script: Parameters<typeof parse>[0] | ReturnType<typeof parse>, shell: Shell) => Result

const BRACES_MAX = 64
const FIELDS_MAX = 512

export function expandWord(word: Word, shell: Shell, run: Substitute): string[] {
  shell.scene.budget.step()
  const braced = word.parts?.some((part) => part.type === 'BraceExpansion') === true ? bracesIn(word.text, shell) : null
  if (braced !== null) {
    return braced.flatMap((text) => {
      const again = wordIn(text)
      return again === undefined || again.parts?.some((part) => part.type === 'BraceExpansion') === true ? [text] : expandWord(again, shell, run)
    })
  }
  return fieldsOf(piecesOf(word, shell, run), shell)
}

/** Without splitting and globbing: assignments, here-strings, patterns. */
export function expandText(word: Word | undefined, shell: Shell, run: Substitute): string {
  if (word === undefined) return ''
  const text = piecesOf(word, shell, run).map((piece) => (piece.fields ? piece.fields.join(' ') : piece.text)).join('')
  shell.scene.budget.bytes(text.length)
  return text.replaceAll(GLOB, '*')
}

/** The text of a here-document whose delimiter is not quoted. */
export function expandParts(parts: readonly WordPart[], shell: Shell, run: Substitute): string {
  return parts.map((part) => pieceOf(part, shell, run, true)).map(({ text, fields }) => (fields ? fields.join(' ') : text)).join('')
}

function piecesOf(word: Word, shell: Shell, run: Substitute): Piece[] {
  if (word.parts === undefined) return [{ text: tilde(word.text.startsWith('~') ? word.value : '', shell) ?? word.value, isQuoted: true }]
  return word.parts.map((part, index) => {
    const piece = pieceOf(part, shell, run, false)
    const home = index === 0 && part.type === 'Literal' && part.text.startsWith('~') ? tilde(part.value, shell) : undefined
    return home === undefined ? piece : { text: home, isQuoted: true }
  })
}

function tilde(text: string, shell: Shell): string | undefined {
  const found = /^~([A-Za-z_][\w-]*|\+|-)?(?=\/|$)/.exec(text)
  if (!found) return undefined
  const user = found[1]
  const home = user === undefined ? shell.variable('HOME') : user === '+' ? shell.cwd : user === '-' ? ANYTHING : user === 'root' ? '/root' : `/home/${user}`
  return `${typeof home === 'string' ? home : ANYTHING}${text.slice(found[0].length)}`
}

function pieceOf(part: WordPart, shell: Shell, run: Substitute, isQuoted: boolean): Piece {
  switch (part.type) {
    case 'Literal': return { text: part.value, isQuoted: true }
    case 'SingleQuoted': case 'AnsiCQuoted': return { text: part.value, isQuoted: true }
    case 'DoubleQuoted': case 'LocaleString': {
      const inner = part.parts.map((one) => pieceOf(one, shell, run, true))
      const only = inner.length === 1 ? inner[0] : undefined
      if (only?.fields) return { ...only, isQuoted: true }
      return { text: inner.map(({ text, fields }) => (fields ? fields.join(' ') : text)).join(''), isQuoted: true }
    }
    case 'Glob': case 'ExtendedGlob':
      substitutionsIn(part.text, shell, run)
      return { text: isQuoted ? part.text : GLOB, isQuoted: true }
    case 'SimpleExpansion': return { ...parameter({ name: part.text.slice(1) }, shell, (word) => expandText(word, shell, run)), isQuoted }
    case 'ParameterExpansion':
      // What a value is cut or compared with may start programs, whatever the value is.
      if (part.operation !== undefined && part.operation.type !== 'Default') substitutionsIn(part.text.slice(2, -1), shell, run)
      return { ...parameter({ name: part.parameter, part }, shell, (word) => expandText(word, shell, run)), isQuoted }
    case 'CommandExpansion': {
      if (part.script === undefined) return { text: ANYTHING, isQuoted }
      if (part.text.startsWith('${') && !part.text.endsWith('}')) shell.does('unknown', 'unknown', { target: 'a part that breaks off', certainty: 'assumed' })
      const { out } = run(part.script, shell.fork())
      if (out.text === undefined && out.paths && !isQuoted) return { text: '', isQuoted, fields: out.paths }
      return { text: textOf(out), isQuoted }
    }
    case 'ArithmeticExpansion': {
      substitutionsIn(part.text, shell, run)
      return { text: arithmetic(part.expression, shell), isQuoted: true }
    }
    case 'ProcessSubstitution': {
      if (part.script === undefined) return { text: ANYTHING, isQuoted: true }
      const name = `/dev/fd/${63 - (shell.files.size % 40)}`
      const inner = shell.fork()
      const { out } = run(part.script, inner)
      shell.files.set(name, out)
      return { text: name, isQuoted: true }
    }
    case 'BraceExpansion': return { text: part.text, isQuoted: true }
  }
}

/** Unquoted values are split at blanks; what is left of quoted text stays together. */
function fieldsOf(pieces: readonly Piece[], shell: Shell): string[] {
  const separators = shell.variables.get('IFS')
  const cut = typeof separators === 'string' && separators !== '' && isKnown(separators) ? new RegExp(`[${separators.replace(/[\\\]^-]/g, '\\$&')}]+`) : separators === '' ? /(?!)/ : /[ \t\n]+/
  const fields: string[] = []
  let current: string | undefined
  for (const { text, isQuoted, fields: several } of pieces) {
    if (several) {
      several.forEach((field, index) => {
        if (index === 0) current = (current ?? '') + field
        else { fields.push(current ?? ''); current = field }
      })
    } else if (isQuoted) current = (current ?? '') + text
    else {
      const parts = text.split(cut)
      parts.forEach((part, index) => {
        if (index > 0 && current !== undefined) { fields.push(current); current = undefined }
        if (part !== '') current = (current ?? '') + part.replace(/\*+|\?|\[[^\]/]*\]/g, GLOB)
      })
    }
    shell.scene.budget.bytes(text.length)
    if (fields.length > FIELDS_MAX) shell.scene.budget.step(fields.length)
  }
  if (current !== undefined) fields.push(current)
  return fields
}

/** A sum, a pattern, a place in a text may start programs; they stand there as they would in a here-document. */
export function substitutionsIn(text: string, shell: Shell, run: Substitute): void {
  if (!/\$\(|`/.test(text)) return
  const command = parse(`: <<\0\n${text.replace(/^\$?\(\(|\)\)$|^\$\[|\]$/g, '')}\n\0\n`).commands[0]?.command
  const document = command?.type === 'Command' ? command.suffix.find((part) => part.type === 'HereDoc') : undefined
  if (document?.type === 'HereDoc' && document.body.parts !== undefined) expandParts(document.body.parts, shell, run)
}

function arithmetic(expression: ArithmeticExpression | undefined, shell: Shell): string {
  if (expression === undefined) return NAME
  switch (expression.type) {
    case 'ArithmeticWord': {
      if (/^-?\d+$/.test(expression.value)) return String(Number(expression.value))
      if (/^0x[0-9a-f]+$/i.test(expression.value)) return String(Number.parseInt(expression.value, 16))
      const value = shell.variables.get(expression.value.replace(/^\$\{?|\}$/g, ''))
      return typeof value === 'string' && /^-?\d+$/.test(value) ? value : NAME
    }
    case 'ArithmeticGroup': return arithmetic(expression.expression, shell)
    case 'ArithmeticBinary': {
      const [left, right] = [Number(arithmetic(expression.left, shell)), Number(arithmetic(expression.right, shell))]
      if (!Number.isInteger(left) || !Number.isInteger(right)) return NAME
      const result = expression.operator === '+' ? left + right : expression.operator === '-' ? left - right : expression.operator === '*' ? left * right : expression.operator === '/' && right !== 0 ? Math.trunc(left / right) : expression.operator === '%' && right !== 0 ? left % right : null
      return result === null ? NAME : String(result)
    }
    default: return NAME
  }
}

function wordIn(text: string): Word | undefined {
  const command = parse(`: ${text}`).commands[0]?.command
  const first = command?.type === 'Command' ? command.args[0] : undefined
  return first?.type === 'Word' ? first : undefined
}

/** `{a,b}`, `{1..3}`, nested; null: too many. */
function bracesIn(text: string, shell: Shell): string[] | null {
  const open = firstBrace(text)
  if (open === null) return [text]
  const { from, to, alternatives } = open
  shell.scene.budget.step(alternatives.length)
  const results = alternatives.flatMap((middle) => bracesIn(`${text.slice(0, from)}${middle}${text.slice(to)}`, shell) ?? [])
  return results.length > BRACES_MAX ? results.slice(0, BRACES_MAX) : results
}

function firstBrace(text: string): { from: number; to: number; alternatives: string[] } | null {
  let quote = ''
  for (let from = 0; from < text.length; from += 1) {
    const at = text[from]
    if (at === '\\') { from += 1; continue }
    if (quote !== '') { if (at === quote) quote = ''; continue }
    if (at === '"' || at === "'") { quote = at; continue }
    if (at !== '{' || text[from - 1] === '$') continue
    const found = alternativesAt(text, from)
    if (found) return { from, ...found }
  }
  return null
}

function alternativesAt(text: string, from: number): { to: number; alternatives: string[] } | null {
  let depth = 0
  let began = from + 1
  const alternatives: string[] = []
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]
    if (character === '\\') { at += 1; continue }
    if (character === '{') depth += 1
    else if (character === ',' && depth === 1) { alternatives.push(text.slice(began, at)); began = at + 1 }
    else if (character === '}') {
      depth -= 1
      if (depth > 0) continue
      alternatives.push(text.slice(began, at))
      if (alternatives.length > 1) return { to: at + 1, alternatives }
      const range = rangeOf(alternatives[0] ?? '')
      return range ? { to: at + 1, alternatives: range } : null
    }
  }
  return null
}

function rangeOf(text: string): string[] | null {
  const found = /^(-?\d+|[a-zA-Z])\.\.(-?\d+|[a-zA-Z])(?:\.\.-?\d+)?$/.exec(text)
  if (!found) return null
  const [, first = '', last = ''] = found
  const isLetter = /[a-zA-Z]/.test(first)
  const [from, to] = isLetter ? [first.charCodeAt(0), last.charCodeAt(0)] : [Number(first), Number(last)]
  const step = from <= to ? 1 : -1
  const count = Math.min(Math.abs(to - from) + 1, BRACES_MAX)
  return Array.from({ length: count }, (_, index) => (isLetter ? String.fromCharCode(from + step * index) : String(from + step * index)))
}
