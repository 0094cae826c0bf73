/** Takes a value out of bytes that pass, in pieces of any size. What stands in its place is as long: lengths that were said before stay true. */
export class Unsaid {
  readonly #value: Buffer
  /** The end of what has come, as far as it may be the beginning of the value. */
  #held: Buffer = Buffer.alloc(0)

  constructor(value: string) {
    this.#value = Buffer.from(value, 'latin1')
  }

  take(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.#held, bytes])
    const { length } = this.#value
    for (let at = all.indexOf(this.#value); at >= 0; at = all.indexOf(this.#value, at + length)) all.fill('*', at, at + length)
    let hold = Math.min(length - 1, all.length)
    while (hold > 0 && !all.subarray(all.length - hold).equals(this.#value.subarray(0, hold))) hold -= 1
    this.#held = all.subarray(all.length - hold)
    return all.subarray(0, all.length - hold)
  }

  /** Nothing more comes. */
  rest(): Buffer {
    return this.#held
  }
}
