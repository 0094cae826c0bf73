/** A chunked body, read strictly and written anew: extensions and trailers do not pass, and nothing behind its end does. */

import { Mistaken } from './visitor.ts'

const LINE_BYTES_MAX = 1024

type State = 'size' | 'data' | 'after' | 'trailer' | 'end'

export class Chunks {
  #state: State = 'size'
  #rest: Buffer = Buffer.alloc(0)
  #left = 0
  #trailers = 0

  get isAtEnd(): boolean {
    return this.#state === 'end'
  }

  /** The bytes to pass on; throws where the coding is broken. */
  take(chunk: Buffer): Buffer {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const out: Buffer[] = []
    while (this.#state !== 'end' && this.#rest.length > 0 && this.#step(out)) continue
    return Buffer.concat(out)
  }

  /** False: more bytes are needed. */
  #step(out: Buffer[]): boolean {
    if (this.#state === 'data') {
      const part = this.#rest.subarray(0, this.#left)
      out.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
      this.#rest = this.#rest.subarray(part.length)
      this.#left -= part.length
      if (this.#left === 0) this.#state = 'after'
      return true
    }
    const line = this.#line()
    if (line === null) return false
    if (this.#state === 'after') {
      if (line !== '') throw new Mistaken('a chunk is longer than it said')
      this.#state = 'size'
    } else if (this.#state === 'size') {
      const [, size] = /^([0-9a-f]{1,8})(?:[ \t]*;[\t -~]*)?$/i.exec(line) ?? []
      if (size === undefined) throw new Mistaken('a chunk has no size')
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'data'
    } else if (line === '') {
      out.push(Buffer.from('0\r\n\r\n'))
      this.#state = 'end'
    } else if (++this.#trailers > 100) throw new Mistaken('too many trailers')
    return true
  }

  #line(): string | null {
    const end = this.#rest.indexOf('\r\n')
    if ((end < 0 ? this.#rest.length : end) > LINE_BYTES_MAX) throw new Mistaken('a line of a chunk is too long')
    if (end < 0) return null
    const line = this.#rest.toString('latin1', 0, end)
    if (/[\r\n\0]/.test(line)) throw new Mistaken('a line of a chunk holds a line break')
    this.#rest = this.#rest.subarray(end + 2)
    return line
  }
}
