/**
 * The hash chain of the log. This format is frozen: a verifier written today must read every later log.
 *
 *   payloadHash = hex sha256(salt[16] || JCS(payload))
 *   hash        = sha256(0x00 || prev[32] || JCS{seq, at, type, actor, subject, payloadHash}),  prev of the first = zeros
 *
 * The salt keeps a deleted payload from being guessed from its hash.
 */
import { hash } from 'node:crypto'
import { canonicalJson } from '@nexus/protocol/canonical'

export const GENESIS = Buffer.alloc(32)

export interface Link {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly actor: string
  readonly subject: string
  readonly payloadHash: string
}

export function payloadHash(salt: Buffer, payload: unknown): string {
  return hash('sha256', Buffer.concat([salt, Buffer.from(canonicalJson(payload))]), 'hex')
}

export function linkHash(prev: Buffer, link: Link): Buffer {
  const { seq, at, type, actor, subject, payloadHash: payload } = link
  const text = canonicalJson({ seq, at, type, actor, subject, payloadHash: payload })
  return hash('sha256', Buffer.concat([Buffer.of(0), prev, Buffer.from(text)]), 'buffer')
}
