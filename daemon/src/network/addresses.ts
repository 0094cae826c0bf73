/** Which addresses a name may lead to: those of the public network. What a person lists literally is not asked here. */
import { isIPv4, isIPv6 } from 'node:net'

/** First bytes, how many bits of them count, what lives there. Prefixes for documentation are left out: they are nobody's,
 *  and mirrors and laboratories use them as if they were public. */
const NOT_PUBLIC: readonly (readonly [string, number, string])[] = [
  ['0.0.0.0', 8, 'an address of this machine'], ['10.0.0.0', 8, 'a private address'], ['100.64.0.0', 10, "an address of a provider's own network"],
  ['127.0.0.0', 8, 'a loopback address'], ['169.254.0.0', 16, 'a link-local address'], ['168.63.129.16', 32, 'an address of the cloud itself'],
  ['172.16.0.0', 12, 'a private address'], ['192.0.0.0', 24, 'a reserved address'], ['192.88.99.0', 24, 'a reserved address'],
  ['192.168.0.0', 16, 'a private address'], ['198.18.0.0', 15, 'a reserved address'], ['224.0.0.0', 4, 'a multicast address'], ['240.0.0.0', 4, 'a reserved address'],
  // Of 2000::/3, the public part of IPv6: what carries an IPv4 address, or is no place.
  ['2001::', 23, 'a reserved address'], ['2002::', 16, 'an address that carries another one'],
]
/** An IPv4 address stands in their last four bytes. */
const CARRIERS: readonly (readonly [string, number])[] = [['::ffff:0:0', 96], ['64:ff9b::', 96]]
const PUBLIC_IPV6 = ['2000::', 3] as const
const LOCAL_IPV6: readonly (readonly [string, number, string])[] = [
  ['::1', 128, 'a loopback address'], ['::', 128, 'an address of this machine'], ['fe80::', 10, 'a link-local address'], ['fc00::', 7, 'a private address'], ['ff00::', 8, 'a multicast address'],
]

/** What kind of place it is when it is no public one; null for a public one. */
export function placeOf(address: string): string | null {
  const bytes = addressBytes(address)
  if (!bytes) return 'not an address'
  if (bytes.length === 4) return placeIn(NOT_PUBLIC, bytes)
  if (CARRIERS.some(([prefix, bits]) => isBelow(bytes, prefix, bits))) return placeIn(NOT_PUBLIC, bytes.subarray(12))
  if (isBelow(bytes, ...PUBLIC_IPV6)) return placeIn(NOT_PUBLIC, bytes)
  return placeIn(LOCAL_IPV6, bytes) ?? 'a reserved address'
}

/** Are these two ways to write one address? An IPv4 address in IPv6 clothes is that IPv4 address. */
export function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [plainBytes(one), plainBytes(other)]
  return a !== null && b !== null && a.equals(b)
}

/** 4 or 16 bytes; null when it is no address (one with a zone is none: it names an interface of this machine). */
export function addressBytes(address: string): Buffer | null {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address) || address.includes('%')) return null
  const four = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const text = four ? `${four[1]}${hexOf(four[2] ?? '')}` : address
  const [head = '', tail] = text.split('::')
  const words = (part: string) => (part === '' ? [] : part.split(':'))
  const given = [...words(head), ...words(tail ?? '')]
  const all = tail === undefined ? given : [...words(head), ...Array<string>(8 - given.length).fill('0'), ...words(tail)]
  const bytes = Buffer.alloc(16)
  for (const [at, word] of all.entries()) bytes.writeUInt16BE(Number.parseInt(word, 16), at * 2)
  return bytes
}

/** Of 4 or 16 bytes. */
export function addressText(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':')
}

function plainBytes(address: string): Buffer | null {
  const bytes = addressBytes(address)
  return bytes?.length === 16 && isBelow(bytes, '::ffff:0:0', 96) ? bytes.subarray(12) : bytes
}

function hexOf(four: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = four.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function placeIn(table: readonly (readonly [string, number, string])[], bytes: Buffer): string | null {
  return table.find(([prefix, bits]) => isBelow(bytes, prefix, bits))?.[2] ?? null
}

function isBelow(bytes: Buffer, prefix: string, bits: number): boolean {
  const other = addressBytes(prefix)
  if (other?.length !== bytes.length) return false
  const whole = Math.floor(bits / 8)
  const rest = 8 - (bits % 8)
  return bytes.subarray(0, whole).equals(other.subarray(0, whole)) && (rest === 8 || (bytes[whole] ?? 0) >> rest === (other[whole] ?? 0) >> rest)
}
