/** The head of a proxy request, read strictly: what two programs could read differently is refused, so that nothing can be smuggled past. */

export interface Head {
  readonly method: string
  readonly host: string
  readonly port: number
  /** CONNECT has none: it asks for a tunnel. */
  readonly path: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: { readonly type: 'none' } | { readonly type: 'bytes'; readonly count: number } | { readonly type: 'chunked' }
}

export const HEAD_BYTES_MAX = 32 * 1024
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([!-~]+) HTTP/1\\.([01])$`)
const HEADER = new RegExp(`^(${TOKEN}):[ \\t]*([\\t -~\\x80-\\xff]*?)[ \\t]*$`)
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?$/i

/** `text`: everything before the empty line, as latin1. Null: not to be understood, or not in one way only. */
export function parseHead(text: string): Head | null {
  const [first = '', ...lines] = text.split('\r\n')
  const [, method, target, minor] = REQUEST_LINE.exec(first) ?? []
  const headers = lines.map((line) => HEADER.exec(line)).map((match) => match && ([match[1] ?? '', match[2] ?? ''] as const))
  if (method === undefined || target === undefined || headers.includes(null)) return null
  const all = headers.filter((header) => header !== null)
  const place = method === 'CONNECT' ? tunnelPlace(target) : urlPlace(target, method)
  const body = bodyOf(all, minor === '1')
  return place && body ? { method, ...place, headers: all, body: method === 'CONNECT' ? { type: 'none' } : body } : null
}

/** The same request as the server shall see it: one request, whose end is certain, to the host that was asked for. */
export function forwardedHead({ method, host, port, path, headers, body }: Head, add: readonly (readonly [string, string])[] = []): string {
  const own = new Set(headers.filter(([name]) => /^(proxy-)?connection$/i.test(name)).flatMap(([, value]) => value.split(',').map((word) => word.trim().toLowerCase())))
  const passed = headers.filter(([name]) => !HOP.has(name.toLowerCase()) && !/^proxy-/i.test(name) && !own.has(name.toLowerCase()) && !add.some(([added]) => added.toLowerCase() === name.toLowerCase()))
  const expects = body.type === 'chunked' ? passed.filter(([name]) => name.toLowerCase() !== 'expect') : passed
  const framing = body.type === 'chunked' ? [['Transfer-Encoding', 'chunked'] as const] : body.type === 'bytes' ? [['Content-Length', String(body.count)] as const] : []
  const all = [['Host', port === 80 ? host : `${host}:${port}`] as const, ...expects, ...add, ...framing, ['Connection', 'close'] as const]
  return `${method} ${path ?? '/'} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Said by one side of a connection to the next, and what is written anew. */
const HOP = new Set(['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'content-length', 'upgrade', 'http2-settings'])

function tunnelPlace(target: string): Pick<Head, 'host' | 'port' | 'path'> | null {
  const place = authority(target, undefined)
  return place && { ...place, path: null }
}

function urlPlace(target: string, method: string): Pick<Head, 'host' | 'port' | 'path'> | null {
  const [, name, rest] = /^http:\/\/([^/?]*)([/?][^#]*)?$/i.exec(target) ?? []
  const place = name === undefined ? null : authority(name, 80)
  const path = rest === undefined ? (method === 'OPTIONS' ? '*' : '/') : rest.startsWith('?') ? `/${rest}` : rest
  return place && { ...place, path }
}

function authority(text: string, usual: number | undefined): { host: string; port: number } | null {
  const [, host, digits] = AUTHORITY.exec(text) ?? []
  const port = digits === undefined ? usual : Number(digits)
  return host === undefined || port === undefined || port < 1 || port > 65_535 ? null : { host, port }
}

/** Both lengths, two lengths, another coding: each is a way to hide a second request, and none is needed. */
function bodyOf(headers: Head['headers'], mayBeChunked: boolean): Head['body'] | null {
  const values = (wanted: string) => headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  const [coding, ...moreCodings] = values('transfer-encoding')
  const [length, ...moreLengths] = values('content-length')
  if (moreCodings.length > 0 || moreLengths.length > 0 || (coding !== undefined && length !== undefined)) return null
  if (coding !== undefined) return mayBeChunked && coding.toLowerCase() === 'chunked' ? { type: 'chunked' } : null
  if (length === undefined) return { type: 'none' }
  return /^\d{1,15}$/.test(length) ? { type: 'bytes', count: Number(length) } : null
}
