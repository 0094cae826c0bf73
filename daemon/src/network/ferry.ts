/**
 * The daemon's end of a ferry's channel (daemon/native/launch-ferry.c has the frames): visitors come by the doors of one
 * run, and each is served as a conversation. The channel is a pair of sockets without a name: nobody but that run's own
 * ferry can speak on it, and it ends with the run.
 */
import type { Duplex } from 'node:stream'
import { Visit, type Visitor } from './visitor.ts'

const HEAD_BYTES = 9
/** Larger than anything a ferry says. */
const FRAME_BYTES_MAX = 64 * 1024

export type Serve = (visitor: Visitor) => Promise<void>

/** Serves until the channel ends. What `serve` rejects with is handed to `complain`, unless the visitor has just gone. */
export function attend(channel: Duplex, serve: Serve, complain: (error: unknown) => void): void {
  const visits = new Map<number, Visit>()
  const say = (verb: string, visitor: number, rest: Uint8Array) => {
    if (channel.writable) channel.write(frameOf(verb, visitor, rest))
  }
  const receive = ({ verb, visitor, rest }: Frame) => {
    if (verb !== 'n') {
      visits.get(visitor)?.hear(verb, rest)
      if (verb === 'f') visits.delete(visitor)
      return
    }
    const visit = new Visit(rest.readUInt16LE(0), (word, bytes) => say(word, visitor, bytes))
    visits.set(visitor, visit)
    serve(visit).catch((error: unknown) => { if (!visit.isOver) complain(error) }).finally(() => visit.close())
  }
  const end = () => {
    for (const visit of visits.values()) visit.hear('f', Buffer.alloc(16))
    visits.clear()
  }
  const frames = new Frames()
  channel.on('data', (chunk: Buffer) => {
    try {
      for (const frame of frames.take(chunk)) receive(frame)
    } catch (error) {
      complain(error)
      channel.destroy()
    }
  })
  // A ferry that is ended resets the channel; the run's own end tells the story.
  channel.on('error', () => {}).on('close', end).on('end', end)
}

interface Frame {
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

class Frames {
  #rest: Buffer = Buffer.alloc(0)

  take(chunk: Buffer): Frame[] {
    const whole: Frame[] = []
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUInt32LE(0)
      if (length > FRAME_BYTES_MAX) throw new Error(`a ferry said a frame of ${length} bytes`)
      if (this.#rest.length < 4 + length) break
      whole.push({ verb: this.#rest.toString('latin1', 4, 5), visitor: this.#rest.readUInt32LE(5), rest: this.#rest.subarray(HEAD_BYTES, 4 + length) })
      this.#rest = this.#rest.subarray(4 + length)
    }
    return whole
  }
}
