/**
 * Paths and output are bytes. On the wire they are a string when they are valid UTF-8, else `{base64}`.
 */
export type Bytes = string | { readonly base64: string }

/** The wire form of raw bytes. */
export function toBytes(buffer: Uint8Array): Bytes {
  const view = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  const text = view.toString('utf8')
  // A lone U+FFFD in valid input is legal, so compare bytes instead of looking for the character.
  if (!text.includes('\uFFFD') || Buffer.from(text, 'utf8').equals(view)) return text
  return { base64: view.toString('base64') }
}

export function fromBytes(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : Buffer.from(bytes.base64, 'base64')
}

/** For people only: invalid UTF-8 becomes U+FFFD. */
export function showBytes(bytes: Bytes): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes.base64, 'base64').toString('utf8')
}
