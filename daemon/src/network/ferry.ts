/**
 * The daemon's end of a ferry's channel, whichever ferry it is (daemon/native/launch-ferry.c, or boat.ts): visitors come by the doors of one
 * run, and each is served as a conversation. The channel is a pair of sockets without a name: nobody but that run's own
 * ferry can speak on it, and it ends with the run.
 */
import type { Duplex } from 'node:stream'
import { frameOf, Frames, type Frame } from './frames.ts'
import { Visit, type Visitor } from './visitor.ts'

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
