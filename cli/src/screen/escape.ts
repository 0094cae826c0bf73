/** Names and messages that we print must not command the terminal: control characters become visible escapes. */
import { showBytes, type Bytes } from '@nexus/protocol/bytes'

/** C0, DEL, C1, and the bidirectional overrides that make a name look like another one. */
const UNSAFE = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g

export function safe(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    if (character === '\r') return '\\r'
    const code = character.codePointAt(0) ?? 0
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** A path as one safe line; bytes that are no UTF-8 show as \xNN. */
export function safePath(path: Bytes): string {
  if (typeof path === 'string') return safe(path)
  const bytes = Buffer.from(path.base64, 'base64')
  if (!showBytes(path).includes('\uFFFD')) return safe(showBytes(path))
  return [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')
}

/** A patch for a terminal: line breaks and tabs stay, everything else that could command it is shown. */
export function safeLines(text: string): string {
  return text.split('\n').map((line) => line.split('\t').map(safe).join('\t')).join('\n')
}
