/**
 * Output on disk: frames [stream u8][length u32 LE][bytes], stream 1 stdout, 2 stderr. Where the middle of a very long
 * output was left out stands a frame of stream 3 with the number of missing bytes as u64 LE.
 */
import { open, type FileHandle } from 'node:fs/promises'
import type { Output } from '@nexus/protocol/run-output'

export type Stream = 'stdout' | 'stderr'
export type Piece = Exclude<Output, { type: 'end' }>

export const HEADER_BYTES = 5
const READ_BYTES = 256 * 1024
const GAP = 3

export function headerOf(stream: Stream, length: number): Buffer {
  return header(stream === 'stdout' ? 1 : 2, length)
}

export function gapFrame(missingBytes: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeBigUInt64LE(BigInt(missingBytes))
  return Buffer.concat([header(GAP, body.length), body])
}

function header(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes[0] = kind
  bytes.writeUInt32LE(length, 1)
  return bytes
}

/** Walks a frame file from where it was left; yields only what lies after `after`. */
export class FrameReader implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #after: number
  #offset = 0
  #at: number
  #rest = Buffer.alloc(0)

  /** `startAt`: the position of the file's first byte in the whole output. */
  private constructor(handle: FileHandle, startAt: number, after: number) {
    this.#handle = handle
    this.#at = startAt
    this.#after = after
  }

  static async open(file: string, { startAt, after }: { startAt: number; after: number }): Promise<FrameReader> {
    return new FrameReader(await open(file, 'r'), startAt, after)
  }

  async *until(fileBytes: number, signal: AbortSignal | undefined): AsyncGenerator<Piece> {
    while (this.#offset < fileBytes && !signal?.aborted) {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(READ_BYTES), 0, Math.min(READ_BYTES, fileBytes - this.#offset), this.#offset)
      if (bytesRead === 0) return
      this.#offset += bytesRead
      const read = buffer.subarray(0, bytesRead)
      this.#rest = this.#rest.length === 0 ? read : Buffer.concat([this.#rest, read])
      yield* this.#frames()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }

  /** Frames of one stream that stand together come as one piece: a message costs more than its bytes. */
  *#frames(): Generator<Piece> {
    let together: { readonly kind: number; readonly parts: Buffer[] } | undefined
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUInt32LE(1)
      if (this.#rest.length < end) break
      const kind = this.#rest[0] ?? 0
      const bytes = this.#rest.subarray(HEADER_BYTES, end)
      this.#rest = this.#rest.subarray(end)
      const from = this.#at
      if (together && kind !== together.kind) {
        yield this.#piece(together, from)
        together = undefined
      }
      this.#at += kind === GAP ? Number(bytes.readBigUInt64LE()) : bytes.length
      if (this.#at <= this.#after) continue
      const seen = Math.max(0, this.#after - from)
      if (kind === GAP) yield { type: 'gap', bytes: this.#at - from - seen, at: this.#at }
      else {
        together ??= { kind, parts: [] }
        together.parts.push(bytes.subarray(seen))
      }
    }
    if (together) yield this.#piece(together, this.#at)
  }

  #piece({ kind, parts }: { readonly kind: number; readonly parts: readonly Buffer[] }, at: number): Piece {
    return { type: 'output', stream: kind === 1 ? 'stdout' : 'stderr', base64: Buffer.concat(parts).toString('base64'), at }
  }
}
