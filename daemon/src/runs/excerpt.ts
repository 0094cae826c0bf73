/** Head and tail of one stream, each of a fixed size; the middle is only counted. Never more memory than both. */

export class Excerpt {
  readonly #keptBytes: number
  #head = Buffer.alloc(0)
  #headBytes = 0
  /** A ring, once the head is full; `#next` is where the next byte goes. */
  #tail: Buffer | undefined
  #next = 0
  #total = 0

  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length
    const first = chunk.subarray(0, this.#keptBytes - this.#headBytes)
    if (first.length > 0) this.#addToHead(first)
    if (chunk.length > first.length) this.#addToTail(chunk.subarray(first.length))
  }

  get bytes(): Buffer {
    const head = this.#head.subarray(0, this.#headBytes)
    if (!this.#tail) return Buffer.from(head)
    const isFull = this.#total - this.#headBytes >= this.#keptBytes
    return Buffer.concat(isFull ? [head, this.#tail.subarray(this.#next), this.#tail.subarray(0, this.#next)] : [head, this.#tail.subarray(0, this.#next)])
  }

  get omitted(): number {
    return Math.max(0, this.#total - 2 * this.#keptBytes)
  }

  /** Most commands print little: the head grows by doubling. */
  #addToHead(chunk: Buffer): void {
    const needed = this.#headBytes + chunk.length
    if (needed > this.#head.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#keptBytes, Math.max(needed, 2 * this.#head.length, 4096)))
      this.#head.copy(grown, 0, 0, this.#headBytes)
      this.#head = grown
    }
    chunk.copy(this.#head, this.#headBytes)
    this.#headBytes = needed
  }

  #addToTail(chunk: Buffer): void {
    this.#tail ??= Buffer.allocUnsafe(this.#keptBytes)
    const last = chunk.subarray(-this.#keptBytes)
    const room = this.#keptBytes - this.#next
    last.subarray(0, room).copy(this.#tail, this.#next)
    last.subarray(room).copy(this.#tail)
    this.#next = (this.#next + last.length) % this.#keptBytes
  }
}
