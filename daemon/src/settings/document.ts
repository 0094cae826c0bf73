/** One settings file as text: its values, or every place in it that cannot be used, with line and column. */
import { LineCounter, parseDocument, type Document } from 'yaml'
import { settingsFileSchema, type Fault, type SettingsFile } from '@nexus/protocol/settings'

export type Parsed = { readonly settings: SettingsFile } | { readonly faults: readonly Omit<Fault, 'path'>[] }

/** Who has corrected these is told of the next. */
const FAULTS_MAX = 20

export function parseSettings(text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) return { faults: document.errors.slice(0, FAULTS_MAX).map(({ pos, message }) => ({ ...placeIn(lines, pos[0]), what: message })) }
  const value = valueOf(document)
  if ('what' in value) return { faults: [{ line: 1, column: 1, what: value.what }] }
  // An empty file asks for nothing.
  const checked = settingsFileSchema.safeParse(value.content ?? {})
  if (checked.success) return { settings: checked.data }
  return { faults: checked.error.issues.flatMap(deepest).slice(0, FAULTS_MAX).map(({ path, message }) => ({ ...placeIn(lines, offsetOf(document, path)), what: path.length > 0 ? `${path.join('.')}: ${message}` : message })) }
}

/** A document whose aliases multiply without end is refused. */
function valueOf(document: Document): { content: unknown } | { what: string } {
  try {
    return { content: document.toJS({ maxAliasCount: 20 }) as unknown }
  } catch (error) {
    return { what: error instanceof Error ? error.message : String(error) }
  }
}

interface Issue { readonly path: readonly PropertyKey[]; readonly message: string; readonly code?: string; readonly keys?: readonly string[]; readonly errors?: readonly (readonly Issue[])[] }
type Told = Pick<Issue, 'path' | 'message'>

/** Of a choice (`none` or a size) the branch that says most; of an unknown key the key itself. */
function deepest({ path, message, code, keys, errors }: Issue): Told[] {
  if (code === 'unrecognized_keys' && keys) return keys.map((key) => ({ path: [...path, key], message: 'is not a setting' }))
  const last = errors?.at(-1)
  return last && last.length > 0 ? last.flatMap((inner) => deepest({ ...inner, path: [...path, ...inner.path] })) : [{ path, message }]
}

/** Where a value (or the nearest thing above it) begins. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) return Number(node.range[0])
  }
  return 0
}

function placeIn(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
