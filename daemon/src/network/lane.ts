/** Bytes from one socket to another, as daemon/native/launch-lane.c has it. A slow reader slows the writer: no more is held than the buffer of a socket. */
import type { Socket } from 'node:net'

/** So much in one turn, then the others. */
const PIECE_BYTES = 64 * 1024

export interface Passage {
  readonly from: Socket
  readonly to: Socket
  /** So many bytes, then no more; Infinity: until the sender has ended, and the receiver is told so. */
  readonly most: number
  /** The end has reached the receiver, too. */
  readonly ended: () => void
}

export class Lane {
  readonly #passage: Passage
  #isEnding = false
  moved = 0
  isDone = false
  hasFailed = false

  constructor(passage: Passage) {
    this.#passage = passage
    this.isDone = passage.most === 0
  }

  get isBounded(): boolean {
    return this.#passage.most !== Infinity
  }

  /** Moves what can be moved without waiting. */
  move(): void {
    const { from, to, most } = this.#passage
    while (!this.isDone && !this.hasFailed && !this.#isEnding && !to.writableNeedDrain) {
      if (to.destroyed || to.errored) return this.#fail()
      const bytes = takenFrom(from, Math.min(most - this.moved, PIECE_BYTES))
      if (bytes === null) return from.readableEnded ? this.#end() : from.destroyed ? this.#fail() : undefined
      this.moved += bytes.length
      to.write(bytes)
      // A receiver that only had its share is not told of an end: some servers take that for an abort.
      this.isDone = this.moved === most
    }
  }

  #fail(): void {
    this.hasFailed = true
  }

  #end(): void {
    this.#isEnding = true
    this.#passage.to.end(() => {
      this.isDone = true
      this.#passage.ended()
    })
  }
}

/** What has come already; null: nothing now, and whether there will be more the socket knows. */
export function takenFrom(socket: Socket, most: number): Buffer | null {
  const count = Math.min(socket.readableLength, most)
  const bytes = count > 0 ? (socket.read(count) as Buffer) : null // so much is there, and no encoding is set
  // Without being asked for more, a socket does not tell of its end.
  if (socket.readableLength === 0) socket.read(0)
  return bytes
}
