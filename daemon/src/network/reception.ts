/** A visitor's first byte says which language it speaks; then it is led to where it may go, or told why not. */
import type { NetRule } from '@nexus/protocol/net-rule'
import type { Gate } from './gate.ts'
import { serveHttp } from './http.ts'
import { serveSocks } from './socks.ts'
import { Unreachable, type Visitor } from './visitor.ts'
import { connectToAny, type Way } from './way.ts'


export interface House {
  readonly gate: Gate
  /** Where the proxy's own door is; the others are ports of this machine. */
  readonly proxyPort: number
  readonly rules: readonly NetRule[]
  /** Doors to one host each, with a key that the run does not hold. */
  readonly keys: ReadonlyMap<number, (visitor: Visitor) => Promise<void>>
  /** Until a visitor has said where it wants to go; one that drops a byte now and then keeps its place no longer. */
  readonly patienceMs: number
}

export async function receive(house: House, visitor: Visitor): Promise<void> {
  const key = house.keys.get(visitor.port)
  if (key) return key(visitor)
  if (visitor.port !== house.proxyPort) return toThisMachine(house, visitor)
  const patience = setTimeout(() => visitor.close(), house.patienceMs)
  const reached: Way = { pass: async (host, port) => {
    clearTimeout(patience)
    return house.gate.pass(host, port)
  } }
  try {
    const first = await visitor.read()
    if (first === null) return
    await (first[0] === 5 ? serveSocks(visitor, first, reached) : serveHttp(visitor, first, reached))
  } finally {
    clearTimeout(patience)
  }
}

async function toThisMachine({ rules, gate }: House, visitor: Visitor): Promise<void> {
  const rule = rules.find(({ kind, ports }) => kind === 'loopback' && ports.includes(visitor.port))
  const passage = rule ? await gate.pass(rule.host, visitor.port) : undefined
  if (passage?.type !== 'open') return
  try {
    await connectToAny(visitor, passage.addresses, visitor.port)
  } catch (error) {
    // Nobody listens there: the visitor sees its connection end, as it would see it refused.
    if (error instanceof Unreachable) return
    throw error
  }
  await visitor.carry()
}
