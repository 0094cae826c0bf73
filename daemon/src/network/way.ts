/** From a visitor's wish to a connection, in whatever language the wish was said. */
import type { Denial } from '@nexus/protocol/network'
import type { Passage } from './gate.ts'
import { Unreachable, type Visitor } from './visitor.ts'

const CONNECT_MS = 20_000
const ATTEMPTS = 4

/** What a language needs to know of the gate. */
export interface Way {
  pass(host: string, port: number): Promise<Passage>
}

/** The first address that answers. Throws the last one's Unreachable. */
export async function connectToAny(visitor: Visitor, addresses: readonly string[], port: number): Promise<void> {
  let failure: unknown
  for (const address of addresses.slice(0, ATTEMPTS)) {
    const patience = setTimeout(() => visitor.close(), CONNECT_MS)
    try {
      await visitor.connect(address, port)
      return
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      failure = error
    } finally {
      clearTimeout(patience)
    }
  }
  throw failure
}

export function denialText({ target, why, allow }: Denial): string {
  return `nexus: this run may not reach ${target}: ${why}\n${allow ? `  to allow it: ${allow}\n` : ''}`
}
