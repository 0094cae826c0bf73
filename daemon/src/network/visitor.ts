/** One connection from inside: what it says is read, an answer is written, and it is carried to where it may go. */
import { constants } from 'node:os'
import { addressBytes } from './addresses.ts'

export interface Carried {
  readonly upBytes: number
  readonly downBytes: number
}

/** All of it rejects with `Gone` once the visitor has left. One thing at a time. */
export interface Visitor {
  /** The port of the sandbox's own lo that it came to. */
  readonly port: number
  /** Null: it says no more. */
  read(): Promise<Buffer | null>
  /** To the visitor. */
  write(bytes: Uint8Array | string): Promise<void>
  /** Throws Unreachable. */
  connect(address: string, port: number): Promise<void>
  /** To where it is connected. */
  send(bytes: Uint8Array | string): Promise<void>
  /** From now on bytes go to and fro by themselves, until both sides have ended; `mostUp`: so many to the other side, then no more. */
  carry(mostUp?: number): Promise<Carried>
  close(): void
}

/** What a visitor says breaks its own language: its connection ends, and nobody needs to hear of it. */
export class Mistaken extends Error {
  override name = 'Mistaken'
}

export class Gone extends Error {
  override name = 'Gone'
}

export class Unreachable extends Error {
  override name = 'Unreachable'
  /** ECONNREFUSED, ETIMEDOUT … */
  readonly code: string

  constructor(errno: number) {
    const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`
    super(code)
    this.code = code
  }
}

/** What a ferry takes at once. */
const PIECE_BYTES = 32 * 1024
const NO_END = 0xffff_ffff_ffff_ffffn

export class Visit implements Visitor {
  readonly port: number
  readonly #say: (verb: string, rest: Uint8Array) => void
  readonly #over = Promise.withResolvers<Carried>()
  #isOver = false
  #open: PromiseWithResolvers<Buffer | null> | undefined

  constructor(port: number, say: (verb: string, rest: Uint8Array) => void) {
    this.port = port
    this.#say = say
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** A word of the ferry about this visitor. */
  hear(verb: string, rest: Buffer): void {
    if (verb === 'f') return this.#end({ upBytes: Number(rest.readBigUInt64LE(0)), downBytes: Number(rest.readBigUInt64LE(8)) })
    const open = this.#open
    this.#open = undefined
    if (verb === 'x') open?.reject(new Unreachable(rest.readUInt32LE(0)))
    else open?.resolve(verb === 'd' ? rest : null)
  }

  read(): Promise<Buffer | null> {
    return this.#ask('r')
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    await this.#hand('w', Buffer.from(bytes))
  }

  async send(bytes: Uint8Array | string): Promise<void> {
    await this.#hand('u', Buffer.from(bytes))
  }

  async connect(address: string, port: number): Promise<void> {
    const bytes = addressBytes(address)
    if (!bytes) throw new Error(`${address} is not an address`)
    await this.#ask('o', Buffer.concat([Buffer.from([port >> 8, port & 0xff]), bytes]))
  }

  carry(mostUp?: number): Promise<Carried> {
    const most = Buffer.alloc(8)
    most.writeBigUInt64LE(mostUp === undefined ? NO_END : BigInt(mostUp))
    if (!this.#isOver) this.#say('c', most)
    return this.#over.promise
  }

  close(): void {
    if (this.#isOver) return
    this.#say('z', Buffer.alloc(0))
    this.#end({ upBytes: 0, downBytes: 0 })
  }

  async #hand(verb: string, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) await this.#ask(verb, bytes.subarray(at, at + PIECE_BYTES))
  }

  #ask(verb: string, rest: Uint8Array = Buffer.alloc(0)): Promise<Buffer | null> {
    if (this.#isOver) return Promise.reject(new Gone())
    if (this.#open) throw new Error(`${verb} was asked before the last answer had come`)
    this.#open = Promise.withResolvers()
    this.#say(verb, rest)
    return this.#open.promise
  }

  #end(carried: Carried): void {
    this.#isOver = true
    this.#over.resolve(carried)
    this.#open?.reject(new Gone())
    this.#open = undefined
  }
}
