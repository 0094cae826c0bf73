/** Verifies the event log from what `nexus events --json` prints, with no code of the product. */
import { createHash } from 'node:crypto'

export interface LoggedEvent {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly actor: string
  readonly subject: string
  readonly payloadHash: string
  readonly hash: string
}

/** hash = sha256(0x00 || prev || JCS of the link), the first `prev` being zeros. The number of the first event that does not fit. */
export function brokenLink(events: readonly LoggedEvent[]): number | undefined {
  let prev: Buffer = Buffer.alloc(32)
  for (const [index, { seq, at, type, actor, subject, payloadHash, hash }] of events.entries()) {
    const members = Object.entries({ actor, at, payloadHash, seq, subject, type }).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    const expected = createHash('sha256').update(Buffer.of(0)).update(prev).update(`{${members.join(',')}}`).digest()
    if (seq !== index + 1 || expected.toString('hex') !== hash) return index + 1
    prev = expected
  }
  return undefined
}
