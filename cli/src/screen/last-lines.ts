/** The last lines of what came from several streams, each line with its stream, without keeping the rest. */

const NEWLINE = 0x0a

export interface Line<Stream> {
  readonly stream: Stream
  readonly bytes: Buffer
}

export class LastLines<Stream> {
  readonly #wanted: number
  #lines: Line<Stream>[] = []

  constructor(wanted: number) {
    this.#wanted = wanted
  }

  add(stream: Stream, bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, from)
      const line = bytes.subarray(from, end < 0 ? bytes.length : end + 1)
      from += line.length
      const open = this.#lines.at(-1)
      if (open?.stream === stream && open.bytes.at(-1) !== NEWLINE) this.#lines.splice(-1, 1, { stream, bytes: Buffer.concat([open.bytes, line]) })
      else this.#lines.push({ stream, bytes: Buffer.from(line) })
    }
    // Now and then is enough.
    if (this.#lines.length > 2 * this.#wanted + 100) this.#lines = this.take()
  }

  /** Oldest first; a line that has not ended yet counts. */
  take(): Line<Stream>[] {
    return this.#wanted === 0 ? [] : this.#lines.slice(-this.#wanted)
  }
}
