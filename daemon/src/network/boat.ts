/** A ferry as a process of Node (src/ferry.ts), for runs without the native launcher: slower, and the same to the daemon. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { frameOf, Frames } from './frames.ts'
import { Passenger } from './passenger.ts'

const PASSENGERS_MAX = 1024
/** The kernel keeps as many before a door; Node takes every visitor in at once, so they wait here. One more is turned away. */
const WAITING_MAX = 1024
const BACKLOG = 1024

/** A listening socket of the sandbox's own lo. */
export interface Door {
  readonly port: number
  readonly socket: Server
}

export class Boat {
  readonly #channel: Duplex
  readonly #passengers = new Map<number, Passenger>()
  readonly #waiting: { readonly port: number; readonly client: Socket }[] = []
  #turn = 0

  /** `channel`: the daemon at its other end decides about everything. */
  constructor(channel: Duplex) {
    this.#channel = channel
    const frames = new Frames()
    // One that has left meanwhile hears nothing more.
    channel.on('data', (chunk: Buffer) => { for (const { verb, visitor, rest } of frames.take(chunk)) this.#passengers.get(visitor)?.obey(verb, rest) })
  }

  open({ port, socket }: Door): void {
    // Whoever comes is read from when the daemon asks for it, and may say no more while it still listens.
    createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => this.#knock(port, client)).listen(socket, BACKLOG)
  }

  #knock(port: number, client: Socket): void {
    // One that breaks while it waits is found out when it is read from.
    client.on('error', () => {})
    if (this.#passengers.size < PASSENGERS_MAX) this.#letIn(port, client)
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ port, client })
    else client.destroy()
  }

  #letIn(port: number, client: Socket): void {
    do this.#turn = (this.#turn + 1) % 2 ** 32
    while (this.#turn === 0 || this.#passengers.has(this.#turn))
    const id = this.#turn
    this.#passengers.set(id, new Passenger(client, (verb, rest) => {
      this.#channel.write(frameOf(verb, id, rest))
      if (verb === 'f') this.#left(id)
    }))
    this.#channel.write(frameOf('n', id, Buffer.from([port & 0xff, port >> 8])))
  }

  #left(id: number): void {
    this.#passengers.delete(id)
    const next = this.#waiting.shift()
    if (next) this.#letIn(next.port, next.client)
  }
}
