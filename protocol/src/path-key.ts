/** Paths as bytes, one character each: they compare, split and key maps whatever they hold. */
import type { Bytes } from './bytes.ts'

/** One character for each byte. */
export type PathKey = string

export function keyOf(path: Bytes): PathKey {
  if (typeof path !== 'string') return atob(path.base64)
  return Array.from(new TextEncoder().encode(path), (byte) => String.fromCharCode(byte)).join('')
}

/** What a person reads of a key or of one name in it; not yet safe. */
export function bytesOf(key: PathKey): Bytes {
  const bytes = Uint8Array.from(key, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8: it goes on as bytes.
    return { base64: btoa(key) }
  }
}
