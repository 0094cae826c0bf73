/** Names and messages that a client shows must not command a terminal or deceive an eye: what could becomes a visible escape. */
import type { Bytes } from './bytes.ts'

/** C0, DEL, C1, and what makes a text look like another one: directions, invisible separators and fillers, the byte order mark, tags
 *  (letters that only programs see). Joiners and variants stay: emoji are made of them. */
const UNSAFE = /[\u034F\u17B4\u17B5\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu

export function safe(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** A path as one safe line; bytes that are no UTF-8 show as \xNN. */
export function safePath(path: Bytes): string {
  if (typeof path === 'string') return safe(path)
  return Array.from(atob(path.base64), (byte) => (byte >= ' ' && byte < '\u007F' ? byte : `\\x${(byte.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)).join('')
}

/** A patch for a terminal: line breaks and tabs stay, everything else that could command it is shown. */
export function safeLines(text: string): string {
  return text.split('\n').map((line) => line.split('\t').map(safe).join('\t')).join('\n')
}

/** The same in pieces: what stands for itself (even indices), and the escapes in between (odd ones). */
export function safePieces(text: string): string[] {
  const pieces: string[] = []
  let from = 0
  for (const { 0: found, index } of text.matchAll(UNSAFE)) {
    if (found === '\t') continue
    pieces.push(text.slice(from, index), escaped(found))
    from = index + found.length
  }
  return [...pieces, text.slice(from)]
}

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  if (character === '\r') return '\\r'
  const code = character.codePointAt(0) ?? 0
  if (code > 0xffff) return `\\u{${code.toString(16)}}`
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
