/**
 * Connections on TCP that have not shown the secret. Any program of this machine can make them, also a run with `--net on`, and
 * what they send would be held in memory until somebody looks at it: so they are few, say little and do not stay.
 */
import type { Socket } from 'node:net'

/** A browser makes half a dozen; of more the oldest gives way, so that nobody can keep others out by being there first. */
const MOST = 64
/** Of a WebSocket before its secret has come. */
const BYTES_MAX = 16 * 1024
const PATIENCE_MS = 30_000

export class Strangers {
  readonly #here = new Map<Socket, NodeJS.Timeout>()

  add(socket: Socket): void {
    this.#here.set(socket, setTimeout(() => socket.destroy(), PATIENCE_MS).unref())
    socket.once('close', () => this.know(socket))
    const [oldest] = this.#here.keys()
    if (this.#here.size > MOST) oldest?.destroy()
  }

  /** It has shown the secret, or it has gone. */
  know(socket: Socket): void {
    clearTimeout(this.#here.get(socket))
    this.#here.delete(socket)
  }

  /** From here on what it says is kept until its message is whole. */
  hearOut(socket: Socket): void {
    if (!this.#here.has(socket)) return
    let bytes = 0
    const count = (chunk: Buffer) => {
      if (!this.#here.has(socket)) return socket.off('data', count)
      bytes += chunk.length
      return bytes > BYTES_MAX ? socket.destroy() : undefined
    }
    socket.on('data', count)
  }
}
