/** A visitor on the ferry: one thing at a time is done for it as the daemon says, then bytes are carried to and fro. */
import { connect, type Socket } from 'node:net'
import { constants } from 'node:os'
import { addressText } from './addresses.ts'
import { Lane, takenFrom } from './lane.ts'

const READ_MOST = 16 * 1024
const NO_END = 0xffff_ffff_ffff_ffffn
/** How often one that leaves is still listened to. */
const LAST_LOOKS = 8

export class Passenger {
  readonly #client: Socket
  readonly #say: (verb: string, rest: Uint8Array) => void
  #upstream: Socket | undefined
  #wantsRead = false
  #lanes: { readonly up: Lane; readonly down: Lane } | undefined
  #hasLeft = false

  /** The last word said about it is `f`. */
  constructor(client: Socket, say: (verb: string, rest: Uint8Array) => void) {
    this.#client = client
    this.#say = say
    this.#watch(client)
  }

  obey(verb: string, rest: Buffer): void {
    if (this.#hasLeft) return
    if (verb === 'r') {
      this.#wantsRead = true
      this.#moveOn()
    } else if (verb === 'w') this.#hand(this.#client, rest)
    else if (verb === 'u') this.#hand(this.#upstream, rest)
    else if (verb === 'o') this.#connect(addressText(rest.subarray(2)), rest.readUInt16BE(0))
    else if (verb === 'c') this.#carry(rest.readBigUInt64LE(0))
    else this.#leave()
  }

  #hand(to: Socket | undefined, bytes: Buffer): void {
    if (!to?.writable) return this.#leave()
    to.write(bytes, (error) => {
      if (error) this.#leave()
      else this.#tell('s')
    })
  }

  #connect(host: string, port: number): void {
    this.#upstream?.destroy()
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true, autoSelectFamily: false })
    this.#upstream = upstream
    const failed = (error: NodeJS.ErrnoException) => {
      const number = Buffer.alloc(4)
      number.writeUInt32LE(error.errno === undefined ? constants.errno.EIO : -error.errno)
      this.#tell('x', number)
    }
    upstream.once('error', failed).once('connect', () => {
      upstream.off('error', failed)
      this.#watch(upstream)
      this.#tell('k')
    })
  }

  #carry(most: bigint): void {
    if (!this.#upstream || this.#lanes) return this.#leave()
    const [client, upstream, ended] = [this.#client, this.#upstream, () => this.#moveOn()]
    this.#lanes = { up: new Lane({ from: client, to: upstream, most: most === NO_END ? Infinity : Number(most), ended }), down: new Lane({ from: upstream, to: client, most: Infinity, ended }) }
    this.#moveOn()
  }

  #watch(socket: Socket): void {
    const moveOn = () => this.#moveOn()
    // What breaks is closed next.
    socket.on('error', () => {}).on('readable', moveOn).on('drain', moveOn).on('end', moveOn).on('close', moveOn)
  }

  /** Something about this visitor may have changed: does what waits for it, as far as it goes without waiting. */
  #moveOn(): void {
    if (this.#hasLeft) return
    if (this.#wantsRead) {
      const bytes = takenFrom(this.#client, READ_MOST)
      if (bytes !== null || this.#client.readableEnded || this.#client.destroyed) {
        this.#wantsRead = false
        this.#tell(bytes === null ? 'e' : 'd', bytes ?? undefined)
      }
    }
    if (!this.#lanes) return
    const { up, down } = this.#lanes
    up.move()
    down.move()
    if (up.hasFailed || down.hasFailed || (down.isDone && (up.isDone || up.isBounded))) this.#leave()
  }

  #tell(verb: string, rest: Uint8Array = Buffer.alloc(0)): void {
    if (!this.#hasLeft) this.#say(verb, rest)
  }

  /** For good; the daemon hears how much was carried. */
  #leave(): void {
    if (this.#hasLeft) return
    const amounts = Buffer.alloc(16)
    amounts.writeBigUInt64LE(BigInt(this.#lanes?.up.moved ?? 0), 0)
    amounts.writeBigUInt64LE(BigInt(this.#lanes?.down.moved ?? 0), 8)
    this.#tell('f', amounts)
    this.#hasLeft = true
    this.#upstream?.destroy()
    this.#client.end()
    letGo(this.#client, LAST_LOOKS)
  }
}

/** Bytes that nobody has read would turn the end into a reset, and that could overtake the answer. */
function letGo(client: Socket, looks: number): void {
  client.read()
  if (looks === 0 || client.destroyed) client.destroy()
  else setImmediate(letGo, client, looks - 1)
}
