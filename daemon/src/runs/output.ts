/**
 * The output of a run: every chunk in the order the daemon saw it, on disk as frames
 * [stream u8][length u32 LE][bytes], plus head and tail of each stream for the record. Output bytes are never events.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Output } from '@nexus/protocol/runs'
import { Bell, untilRung } from '../base/bell.ts'

export type Stream = 'stdout' | 'stderr'

/** What the run object shows of each stream: this many bytes of its head and of its tail. */
const KEPT_BYTES = 512 * 1024
const HEADER_BYTES = 5
const READ_BYTES = 256 * 1024

export class Recorder {
  readonly file: string
  readonly stdout = new Excerpt()
  readonly stderr = new Excerpt()
  readonly #descriptor: number
  readonly #bell = new Bell()
  #fileBytes = 0
  #ended = false
  #isCutOff = false

  constructor(file: string) {
    this.file = file
    this.#descriptor = openSync(file, 'w', 0o600)
  }

  write(stream: Stream, chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return
    const header = Buffer.alloc(HEADER_BYTES)
    header[0] = stream === 'stdout' ? 1 : 2
    header.writeUInt32LE(chunk.length, 1)
    this.#store(Buffer.concat([header, chunk]))
    this[stream].add(chunk)
    this.#bell.ring()
  }

  /** A full disk must not end the run, nor the daemon: head and tail still reach the record, which says what is missing. */
  #store(frame: Buffer): void {
    if (this.#isCutOff) return
    try {
      writeWhole(this.#descriptor, frame)
      this.#fileBytes += frame.length
    } catch (error) {
      this.#isCutOff = true
      // Half a frame would be read as the beginning of the next one.
      ftruncateSync(this.#descriptor, this.#fileBytes)
      this.stderr.add(Buffer.from(`nexus: output could not be stored from here on, only its end is kept: ${error instanceof Error ? error.message : String(error)}\n`))
    }
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    closeSync(this.#descriptor)
    this.#bell.ring()
  }

  /** Everything after the byte position `after`, then live until the end. */
  async *follow(after: number, signal: AbortSignal | undefined): AsyncGenerator<Output & { type: 'output' }> {
    const reader = new FrameReader(this.file, after)
    await using _closing = reader
    while (!signal?.aborted) {
      const rung = this.#bell.next()
      const ended = this.#ended
      yield* reader.until(this.#fileBytes, signal)
      if (ended) return
      await untilRung(rung, signal)
    }
  }
}

/** The stored output of a run that has ended. */
export async function* readOutput(file: string, after: number, signal: AbortSignal | undefined): AsyncGenerator<Output & { type: 'output' }> {
  await using reader = new FrameReader(file, after)
  yield* reader.until(Number.POSITIVE_INFINITY, signal)
}

/** Head and tail of one stream within 2 × KEPT_BYTES; the middle is only counted. */
class Excerpt {
  #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #total = 0

  add(chunk: Buffer): void {
    this.#total += chunk.length
    const room = KEPT_BYTES - this.#headBytes
    if (room > 0) {
      const part = chunk.subarray(0, room)
      this.#head.push(part)
      this.#headBytes += part.length
    }
    if (chunk.length <= room) return
    const rest = chunk.subarray(Math.max(0, room))
    this.#tail.push(rest)
    this.#tailBytes += rest.length
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= KEPT_BYTES) this.#tailBytes -= this.#tail.shift()?.length ?? 0
  }

  get bytes(): Buffer {
    const tail = Buffer.concat(this.#tail)
    return Buffer.concat([...this.#head, tail.subarray(Math.max(0, tail.length - KEPT_BYTES))])
  }

  get omitted(): number {
    return this.#total - this.#headBytes - Math.min(this.#tailBytes, KEPT_BYTES)
  }
}

/** Walks a frame file from where it was left; yields only what lies after `after`. */
class FrameReader implements AsyncDisposable {
  readonly #opening: ReturnType<typeof open>
  readonly #after: number
  #offset = 0
  #at = 0
  #rest = Buffer.alloc(0)

  constructor(file: string, after: number) {
    this.#opening = open(file, 'r')
    // A missing file is reported by whoever reads; nobody may call this rejection unhandled before that.
    this.#opening.catch(() => undefined)
    this.#after = after
  }

  async *until(fileBytes: number, signal: AbortSignal | undefined): AsyncGenerator<Output & { type: 'output' }> {
    const handle = await this.#opening
    while (this.#offset < fileBytes && !signal?.aborted) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(READ_BYTES), 0, Math.min(READ_BYTES, fileBytes - this.#offset), this.#offset)
      if (bytesRead === 0) return
      this.#offset += bytesRead
      this.#rest = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
      yield* this.#frames()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening.then((handle) => handle.close(), () => undefined)
  }

  *#frames(): Generator<Output & { type: 'output' }> {
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUInt32LE(1)
      if (this.#rest.length < end) return
      const stream = this.#rest[0] === 1 ? 'stdout' : 'stderr'
      const bytes = this.#rest.subarray(HEADER_BYTES, end)
      this.#rest = this.#rest.subarray(end)
      const from = this.#at
      this.#at += bytes.length
      if (this.#at > this.#after) yield { type: 'output', stream, base64: bytes.subarray(Math.max(0, this.#after - from)).toString('base64'), at: this.#at }
    }
  }
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
}
