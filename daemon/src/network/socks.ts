/** The proxy as SOCKS5 speaks it (RFC 1928): without names and passwords, connections only. */
import { addressText } from './addresses.ts'
import { Mistaken, Unreachable, type Visitor } from './visitor.ts'
import { connectToAny, type Way } from './way.ts'

const REPLY = { done: 0, failed: 1, denied: 2, unreachable: 4, refused: 5, command: 7, kind: 8 } as const
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 4: 16 }

export async function serveSocks(visitor: Visitor, first: Buffer, way: Way): Promise<void> {
  const reader = new Reader(visitor, first)
  const [, count = 0] = await reader.take(2)
  const methods = await reader.take(count)
  if (!methods.includes(0)) return visitor.write(Buffer.from([5, 0xff]))
  await visitor.write(Buffer.from([5, 0]))
  const [version, command, , kind = 0] = await reader.take(4)
  if (version !== 5) return
  if (command !== 1) return reply(visitor, REPLY.command)
  const host = await hostOf(reader, kind)
  if (host === null) return reply(visitor, REPLY.kind)
  const port = (await reader.take(2)).readUInt16BE(0)
  const passage = await way.pass(host, port)
  if (passage.type !== 'open') return reply(visitor, passage.type === 'denied' ? REPLY.denied : REPLY.unreachable)
  try {
    await connectToAny(visitor, passage.addresses, port)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return reply(visitor, error.code === 'ECONNREFUSED' ? REPLY.refused : REPLY.unreachable)
  }
  await reply(visitor, REPLY.done)
  await visitor.send(reader.rest)
  await visitor.carry()
}

async function hostOf(reader: Reader, kind: number): Promise<string | null> {
  if (kind === 3) {
    const [length = 0] = await reader.take(1)
    return (await reader.take(length)).toString('latin1')
  }
  const bytes = ADDRESS_BYTES[kind]
  return bytes === undefined ? null : addressText(await reader.take(bytes))
}

/** From where the connection goes out is nobody's business inside. */
function reply(visitor: Visitor, code: number): Promise<void> {
  return visitor.write(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
}

/** So many bytes, however they come. */
class Reader {
  readonly #visitor: Visitor
  rest: Buffer

  constructor(visitor: Visitor, first: Buffer) {
    this.#visitor = visitor
    this.rest = first
  }

  /** Throws when the visitor says no more before that. */
  async take(count: number): Promise<Buffer> {
    while (this.rest.length < count) {
      const more = await this.#visitor.read()
      if (more === null) throw new Mistaken('the request is cut short')
      this.rest = Buffer.concat([this.rest, more])
    }
    const taken = this.rest.subarray(0, count)
    this.rest = this.rest.subarray(count)
    return taken
  }
}
