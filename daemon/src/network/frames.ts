/** The bytes between the daemon and a ferry, both ways; daemon/native/launch-ferry.c says what each verb means. */

const HEAD_BYTES = 9
/** Larger than anything either of them says. */
const FRAME_BYTES_MAX = 64 * 1024

export interface Frame {
  readonly verb: string
  readonly visitor: number
  readonly rest: Buffer
}

export function frameOf(verb: string, visitor: number, rest: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + rest.length)
  frame.writeUInt32LE(HEAD_BYTES - 4 + rest.length, 0)
  frame.write(verb, 4, 'latin1')
  frame.writeUInt32LE(visitor, 5)
  frame.set(rest, HEAD_BYTES)
  return frame
}

/** Puts together what came in pieces. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  take(chunk: Buffer): Frame[] {
    const whole: Frame[] = []
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUInt32LE(0)
      if (length < HEAD_BYTES - 4 || length > FRAME_BYTES_MAX) throw new Error(`a frame of ${length} bytes was said`)
      if (this.#rest.length < 4 + length) break
      whole.push({ verb: this.#rest.toString('latin1', 4, 5), visitor: this.#rest.readUInt32LE(5), rest: this.#rest.subarray(HEAD_BYTES, 4 + length) })
      this.#rest = this.#rest.subarray(4 + length)
    }
    return whole
  }
}
