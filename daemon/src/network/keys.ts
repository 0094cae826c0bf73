/**
 * Keys that a run never holds: a door of its lo speaks plain HTTP, each request gets the key on its way out, TLS is outside.
 * Whoever may ask the host with the key can use it, and cannot take it along.
 */
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { NetRule } from '@nexus/protocol/net-rule'
import { Chunks } from './chunks.ts'
import type { Gate } from './gate.ts'
import { forwardedHead, parseHead, type Head } from './http-head.ts'
import { answer, wholeHead } from './http.ts'
import { Unsaid } from './unsaid.ts'
import type { Visitor } from './visitor.ts'
import { denialText } from './way.ts'

export interface Key {
  /** Of the variable, as in OPENAI_API_KEY. */
  readonly name: string
  readonly value: string
  /** One host, one port. */
  readonly rule: NetRule
  /** Absent: as this host wants it. */
  readonly header?: string
}

/** To an address, for a name: the certificate must be that name's. */
export type Secure = (place: { readonly address: string; readonly port: number; readonly host: string }) => TLSSocket

export const secureHere: Secure = ({ address, port, host }) => connect({ host: address, port, servername: host, ALPNProtocols: ['http/1.1'] })

interface Custom {
  readonly header: string
  readonly path?: string
  readonly variable?: string
}

const BEARER = 'authorization'
/** How some hosts want their keys, and what their own libraries call the address. */
const CUSTOMS: Readonly<Record<string, Custom>> = {
  'api.anthropic.com': { header: 'x-api-key' }, 'generativelanguage.googleapis.com': { header: 'x-goog-api-key', variable: 'GOOGLE_GEMINI_BASE_URL' }, 'api.openai.com': { header: BEARER, path: '/v1' },
}
/** A library has put something there, since it wants a key itself. */
const OWN_KEYS = new Set([BEARER, 'x-api-key', 'x-goog-api-key', 'api-key'])
const NOT_PASSED = new Set(['expect', 'accept-encoding'])
/** Their answer is the request as the server got it, the key among it. */
const ECHOES = new Set(['TRACE', 'TRACK', 'DEBUG'])
const PATIENCE_MS = 20_000

/** What the command finds: an address to ask, and something where its libraries look for a key. */
export function keyEnvironment({ name, rule }: Key, port: number): Record<string, string> {
  const { path = '', variable = `${name.replace(/_(API_)?(KEY|TOKEN|SECRET)$/, '')}_BASE_URL` } = CUSTOMS[rule.host] ?? {}
  return { [name]: 'kept-by-nexus', [variable]: `http://127.0.0.1:${port}${path}` }
}

export async function serveKey(visitor: Visitor, key: Key, gate: Gate, secure: Secure): Promise<void> {
  const first = await visitor.read()
  const heard = first && await wholeHead(visitor, first)
  if (!heard) return
  const { host, ports: [port = 443] } = key.rule
  // A path alone becomes the whole address, and is read as strictly as one.
  const head = heard.text === null ? null : parseHead(heard.text.replace(/^([A-Z]+) (\/)/, `$1 http://${port === 443 ? host : `${host}:${port}`}$2`))
  if (!head || head.path === null || head.host !== host || ECHOES.has(head.method)) return answer(visitor, '400 Bad Request', 'nexus: this address takes plain requests for one host\n')
  const passage = await gate.pass(host, port)
  if (passage.type === 'denied') return answer(visitor, '403 Forbidden', denialText(passage.denial))
  if (passage.type === 'unknown') return answer(visitor, '502 Bad Gateway', `nexus: ${host} is not known: ${passage.cause}\n`)
  // What breaks is heard where it is waited for.
  const socket = secure({ address: passage.addresses[0] ?? '', port, host }).on('error', () => {})
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch (error) {
    socket.destroy()
    return answer(visitor, '502 Bad Gateway', `nexus: ${host}: ${error instanceof Error ? error.message : String(error)}\n`)
  }
  try {
    await send(socket, forwardedHead(withoutKeys(head), [headerOf(key)]))
    await sendBody(visitor, socket, head, heard.rest)
    // A server that says back what it was asked must not hand out the key.
    const unsaid = new Unsaid(key.value)
    for await (const chunk of socket) await visitor.write(unsaid.take(chunk as Buffer))
    await visitor.write(unsaid.rest())
  } finally {
    socket.destroy()
  }
}

function headerOf({ header, rule, value }: Key): [string, string] {
  const name = header ?? CUSTOMS[rule.host]?.header ?? BEARER
  return [name, name.toLowerCase() === BEARER ? `Bearer ${value}` : value]
}

/** The server waits for nobody's leave, the body comes at once; and it answers in plain bytes, where its key would be seen. */
function withoutKeys(head: Head): Head {
  return { ...head, headers: head.headers.filter(([name]) => !OWN_KEYS.has(name.toLowerCase()) && !NOT_PASSED.has(name.toLowerCase())) }
}

async function sendBody(visitor: Visitor, socket: TLSSocket, { body, headers }: Head, early: Buffer): Promise<void> {
  if (body.type === 'none') return
  if (headers.some(([name]) => name.toLowerCase() === 'expect')) await visitor.write('HTTP/1.1 100 Continue\r\n\r\n')
  const chunks = new Chunks()
  let left = body.type === 'bytes' ? body.count : 0
  for (let bytes: Buffer | null = early; bytes !== null; bytes = await visitor.read()) {
    const part = body.type === 'chunked' ? chunks.take(bytes) : bytes.subarray(0, left)
    left -= part.length
    await send(socket, part)
    if (body.type === 'chunked' ? chunks.isAtEnd : left === 0) return
  }
}

async function send(socket: TLSSocket, bytes: Buffer | string): Promise<void> {
  if (bytes.length > 0 && !socket.write(bytes, 'latin1')) await once(socket, 'drain')
}
