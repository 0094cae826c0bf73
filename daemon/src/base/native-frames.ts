/** The bytes between the daemon and `nexus-native files`: u32 length, u32 id, then an operation and its fields, or an errno and its answer's. */
import { typeOfMode, type FileStat, type Guard, type Place, type Seen } from './files.ts'

/** The fields of one request. */
export class Request {
  #bytes = Buffer.allocUnsafe(256)
  #length = 9

  u8(value: number): this {
    this.#reserve(1)
    this.#length = this.#bytes.writeUInt8(value, this.#length)
    return this
  }

  u32(value: number): this {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32LE(value, this.#length)
    return this
  }

  u64(value: bigint): this {
    this.#reserve(8)
    this.#length = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length)
    return this
  }

  text(text: string): this {
    this.u32(text.length)
    this.#reserve(text.length)
    this.#length += this.#bytes.write(text, this.#length, 'latin1')
    return this
  }

  place({ root, path }: Place): this {
    return this.u32(root.handle).text(path)
  }

  /** Seconds may be negative, the fraction never is. */
  time(ns: bigint): this {
    const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
    return this.u64((ns - fraction) / 1_000_000_000n).u32(Number(fraction))
  }

  guard(guard: Guard | undefined): this {
    if (!guard) return this.u8(0)
    return this.u8(1).u64(guard.dev).u64(guard.ino).u64(guard.size).time(guard.mtimeNs)
  }

  frame(id: number, operation: number): Buffer {
    this.#bytes.writeUInt32LE(this.#length - 4, 0)
    this.#bytes.writeUInt32LE(id, 4)
    this.#bytes.writeUInt8(operation, 8)
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + more))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** The fields of one answer. */
export class Answer {
  readonly #bytes: Buffer
  /** Reads a large number in one step, where Buffer adds it up of parts. */
  readonly #view: DataView
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true)
  }

  text(): string {
    const length = this.u32()
    const start = this.#advance(length)
    return this.#bytes.toString('latin1', start, start + length)
  }

  digest(): string {
    const start = this.#advance(32)
    return this.#bytes.toString('hex', start, start + 32)
  }

  time(): bigint {
    const seconds = this.i64()
    return seconds * 1_000_000_000n + BigInt(this.u32())
  }

  stat(): FileStat {
    const mode = this.u32()
    return {
      type: typeOfMode(mode), mode: mode & 0o7777, uid: this.u32(), gid: this.u32(), nlink: this.u32(), dev: this.u64(), ino: this.u64(),
      size: this.u64(), mtimeNs: this.time(), ctimeNs: this.time(), linkTarget: this.text(),
    }
  }

  seen(): Seen {
    return new SeenInAnswer(this.#view, this.#advance(SEEN_BYTES))
  }

  #advance(length: number): number {
    const start = this.#at
    this.#at += length
    return start
  }
}

const SEEN_BYTES = 80

/** Its numbers are read when they are asked for: there may be a hundred thousand of these, and most are asked for three. */
class SeenInAnswer implements Seen {
  readonly type: Seen['type']
  readonly mode: number
  readonly #view: DataView
  readonly #at: number

  constructor(view: DataView, at: number) {
    const mode = view.getUint32(at, true)
    this.type = typeOfMode(mode)
    this.mode = mode & 0o7777
    this.#view = view
    this.#at = at
  }

  get uid(): number { return this.#view.getUint32(this.#at + 4, true) }
  get gid(): number { return this.#view.getUint32(this.#at + 8, true) }
  get nlink(): number { return this.#view.getUint32(this.#at + 12, true) }
  get dev(): bigint { return this.#view.getBigUint64(this.#at + 16, true) }
  get ino(): bigint { return this.#view.getBigUint64(this.#at + 24, true) }
  get size(): bigint { return this.#view.getBigUint64(this.#at + 32, true) }
  get mtimeNs(): bigint { return this.#view.getBigInt64(this.#at + 40, true) }
  get ctimeNs(): bigint { return this.#view.getBigInt64(this.#at + 48, true) }
  get rdev(): bigint { return this.#view.getBigUint64(this.#at + 56, true) }
  get blocks(): bigint { return this.#view.getBigUint64(this.#at + 64, true) }
  get birthtimeNs(): bigint { return this.#view.getBigInt64(this.#at + 72, true) }
}
