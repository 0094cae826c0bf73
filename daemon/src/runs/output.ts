/**
 * The output of a run while it runs: every chunk in the order the daemon saw it, on disk as frames, plus head and tail of
 * each stream for the record. Output bytes are never events.
 * Always true here: memory and disk stay within a bound, however much and however fast a command prints. The whole is
 * kept up to the limit; beyond it the first half of the limit and the newest quarter or more, and the gap is counted.
 * A follower that sets the pace loses nothing: the command waits for it, as it would for a pipe.
 */
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { BlobInHand, Blobs } from '../state/blobs.ts'
import { Bell, untilRung } from '../base/bell.ts'
import { Excerpt } from './excerpt.ts'
import { FrameReader, gapFrame, HEADER_BYTES, headerOf, type Piece, type Stream } from './frames.ts'

/** What the run object shows of each stream: this many bytes of its head and of its tail. */
const KEPT_BYTES = 512 * 1024
/** What is stored of a run's output. */
export const STORED_BYTES = 256 * 1024 * 1024
/** How far a follower that sets the pace may be behind before the command has to wait. */
const LEAD_BYTES = 8 * 1024 * 1024
const COPY_BYTES = 1024 * 1024

/** A file of frames: the head, or a stretch of the tail. */
interface Segment {
  readonly file: string
  /** Position of its first byte in the whole output, and that behind its last. */
  readonly startAt: number
  endAt: number
  fileBytes: number
}

/** A follower that the command waits for. */
interface Pace {
  at: number
}

export class Recorder {
  readonly file: string
  readonly stdout = new Excerpt(KEPT_BYTES)
  readonly stderr = new Excerpt(KEPT_BYTES)
  readonly #limitBytes: number
  readonly #bell = new Bell()
  readonly #paces = new Set<Pace>()
  #segments: Segment[]
  #descriptor: number
  #opened = 1
  #ended = false
  #isCutOff = false
  #stored: string | undefined
  #isHeld = false
  #onHold: ((isHeld: boolean) => void) | undefined

  constructor(file: string, limitBytes = STORED_BYTES) {
    this.file = file
    this.#limitBytes = limitBytes
    this.#descriptor = openSync(file, 'w', 0o600)
    this.#segments = [{ file, startAt: 0, endAt: 0, fileBytes: 0 }]
  }

  write(stream: Stream, chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return
    this.#store(stream, chunk)
    this[stream].add(chunk)
    this.#weigh()
    this.#bell.ring()
  }

  /** A full disk must not end the run, nor the daemon: head and tail still reach the record, which says what is missing. */
  #store(stream: Stream, chunk: Buffer): void {
    if (this.#isCutOff) return
    try {
      const segment = this.#segment()
      writeWhole(this.#descriptor, Buffer.concat([headerOf(stream, chunk.length), chunk]))
      segment.fileBytes += HEADER_BYTES + chunk.length
      segment.endAt += chunk.length
    } catch (error) {
      this.#isCutOff = true
      // Half a frame would be read as the beginning of the next one.
      ftruncateSync(this.#descriptor, this.#segments.at(-1)?.fileBytes ?? 0)
      this.stderr.add(Buffer.from(`nexus: output could not be stored from here on, only its end is kept: ${messageOf(error)}\n`))
    }
  }

  /** Called with true when the command has to wait for whoever sets the pace, and with false when it may go on. */
  onHold(listener: (isHeld: boolean) => void): void {
    this.#onHold = listener
    if (this.#isHeld) listener(true)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    closeSync(this.#descriptor)
    this.#bell.ring()
  }

  /** How many bytes were printed so far. */
  get endAt(): number {
    return this.#segments.at(-1)?.endAt ?? 0
  }

  /** Bytes that are stored nowhere. */
  get leftOut(): number {
    const [head, next] = this.#segments
    return head && next ? next.startAt - head.endAt : 0
  }

  /** Hands all that was kept to the blobs, as one file. */
  async store(blobs: Blobs): Promise<BlobInHand> {
    this.end()
    const [head, ...tail] = this.#segments
    if (head && tail.length > 0) await this.#join(head, tail)
    const blob = await blobs.adopt(this.file)
    this.#stored = blobs.pathOf(blob.digest)
    return blob
  }

  /** Its files go; what was stored is somewhere else by now. */
  forget(): void {
    this.end()
    for (const { file } of this.#segments) rmSync(file, { force: true })
    // Who still follows ends here, unless it can go on in what was stored.
    if (this.#stored === undefined) this.#segments = []
    this.#bell.ring()
  }

  /** Everything after the byte position `after`, then live until the end. */
  async *follow(after: number, signal: AbortSignal | undefined, setsPace = false): AsyncGenerator<Piece> {
    const pace: Pace = { at: after }
    if (setsPace) this.#paces.add(pace)
    try {
      for await (const piece of this.#pieces(after, signal)) {
        yield piece
        // Asked for the next one: this one has been taken.
        pace.at = piece.at
        this.#weigh()
      }
    } finally {
      this.#paces.delete(pace)
      this.#weigh()
    }
  }

  async *#pieces(after: number, signal: AbortSignal | undefined): AsyncGenerator<Piece> {
    for (let at = after; !signal?.aborted;) {
      const rung = this.#bell.next()
      const hasEnded = this.#ended
      const segment = this.#segments.find(({ endAt }) => endAt > at)
      if (!segment && hasEnded) return
      if (!segment) {
        await untilRung(rung, signal)
        continue
      }
      if (segment.startAt > at) {
        yield { type: 'gap', bytes: segment.startAt - at, at: segment.startAt }
        at = segment.startAt
      }
      for await (const piece of this.#readSegment(segment, at, signal)) {
        yield piece
        at = piece.at
      }
    }
  }

  /** To its end if the tail goes on elsewhere, else to the end of the output. */
  async *#readSegment(segment: Segment, after: number, signal: AbortSignal | undefined): AsyncGenerator<Piece> {
    const place = this.#stored === undefined ? { file: segment.file, startAt: segment.startAt } : { file: this.#stored, startAt: 0 }
    const reader = await FrameReader.open(place.file, { startAt: place.startAt, after }).catch((error: NodeJS.ErrnoException) => {
      // Dropped or stored since we chose it: the next look finds where the output goes on.
      if (error.code === 'ENOENT' && !this.#segments.includes(segment)) return undefined
      if (error.code === 'ENOENT' && this.#stored !== undefined && place.file !== this.#stored) return undefined
      throw error
    })
    if (!reader) return
    await using _closing = reader
    while (!signal?.aborted) {
      const rung = this.#bell.next()
      const isComplete = this.#ended || this.#segments.at(-1) !== segment
      yield* reader.until(place.file === this.#stored ? Number.POSITIVE_INFINITY : segment.fileBytes, signal)
      if (isComplete) return
      await untilRung(rung, signal)
    }
  }

  /** Where the next chunk goes. The head takes half of the limit, each stretch of the tail a quarter. */
  #segment(): Segment {
    const last = this.#segments.at(-1)
    if (!last) throw new Error('a recorder has a segment from its beginning')
    if (last.endAt - last.startAt < this.#limitBytes / (this.#segments.length === 1 ? 2 : 4)) return last
    const next: Segment = { file: `${this.file}.${this.#opened}`, startAt: last.endAt, endAt: last.endAt, fileBytes: 0 }
    const descriptor = openSync(next.file, 'w', 0o600)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
    this.#opened += 1
    this.#segments.push(next)
    this.#dropOld()
    return next
  }

  /** Two stretches of the tail are kept, and those that somebody who sets the pace has not seen yet. */
  #dropOld(): void {
    const needed = Math.min(...[...this.#paces].map(({ at }) => at))
    for (const segment of this.#segments.slice(1, -2)) {
      if (segment.endAt > needed) return
      this.#segments = this.#segments.filter((one) => one !== segment)
      rmSync(segment.file, { force: true })
    }
  }

  #weigh(): void {
    const lead = (this.#segments.at(-1)?.endAt ?? 0) - Math.min(...[...this.#paces].map(({ at }) => at))
    const isHeld = !this.#ended && lead > (this.#isHeld ? LEAD_BYTES / 2 : LEAD_BYTES)
    if (isHeld === this.#isHeld) return
    this.#isHeld = isHeld
    this.#onHold?.(isHeld)
  }

  async #join(head: Segment, tail: readonly Segment[]): Promise<void> {
    const handle = await open(head.file, 'a')
    try {
      if (this.leftOut > 0) await handle.appendFile(gapFrame(this.leftOut))
      for (const segment of tail) await copyOnto(handle, segment.file)
    } catch (error) {
      // A full disk again: what is whole stays whole.
      await handle.truncate(head.fileBytes)
      this.stderr.add(Buffer.from(`nexus: the end of the output could not be stored, only its last part is kept: ${messageOf(error)}\n`))
    } finally {
      await handle.close()
    }
  }
}

/** The stored output of a run that has ended. */
export async function* readOutput(file: string, after: number, signal: AbortSignal | undefined): AsyncGenerator<Piece> {
  await using reader = await FrameReader.open(file, { startAt: 0, after })
  yield* reader.until(Number.POSITIVE_INFINITY, signal)
}

async function copyOnto(target: Awaited<ReturnType<typeof open>>, file: string): Promise<void> {
  const source = await open(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(COPY_BYTES)
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      await target.appendFile(buffer.subarray(0, bytesRead))
    }
  } finally {
    await source.close()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
}
