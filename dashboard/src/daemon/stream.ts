/**
 * Subscriptions over one WebSocket, in tRPC's own form. The connection comes and goes (sleep, a restarted daemon); a
 * subscription stays: it is made anew with an input that says where it was left, so nothing is missed and nothing twice.
 */
export type Connection =
  | { readonly type: 'connecting' }
  | { readonly type: 'live' }
  /** `since`: when it broke. */
  | { readonly type: 'lost'; readonly since: number }

export interface StreamParts {
  readonly url: string
  readonly secret: string
  readonly open: (url: string) => WebSocket
  readonly now: () => number
  readonly onConnection: (connection: Connection) => void
  readonly onDenied: () => void
}

export interface Subscription {
  readonly procedure: string
  /** Asked at every new beginning: where to go on. */
  readonly input: () => unknown
  readonly onData: (data: unknown) => void
  /** The daemon ended it in good order. */
  readonly onEnd?: () => void
  readonly onProblem?: (message: string) => void
}

interface Message {
  readonly id: number | null
  readonly result?: { readonly type: 'started' | 'data' | 'stopped'; readonly data?: unknown }
  readonly error?: { readonly message: string; readonly data?: { readonly code?: string } }
}

const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 4000
/** A connection that says nothing is asked whether it is there; after a sleep it is not, and nobody has told us. */
const QUIET_MS = 5000
const ANSWER_MS = 4000

export class Stream {
  readonly #parts: StreamParts
  readonly #subscriptions = new Map<number, Subscription>()
  #socket: WebSocket | undefined
  #lastId = 0
  #failures = 0
  /** Only an answer proves that the daemon let us in. */
  #isProved = false
  #lostAt: number | undefined
  #heardAt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  start(): void {
    this.#watch = setInterval(() => this.#askIfQuiet(), 1000)
    this.#connect()
  }

  /** Returns the end of it. */
  follow(subscription: Subscription): () => void {
    const id = ++this.#lastId
    this.#subscriptions.set(id, subscription)
    if (this.#isOpen) this.#subscribe(id, subscription)
    return () => {
      if (this.#subscriptions.delete(id) && this.#isOpen) this.#send({ id, method: 'subscription.stop' })
    }
  }

  /** Now, without waiting for the next attempt: the page came back, the network came back. */
  hurry(): void {
    if (this.#closed) return
    if (this.#isOpen) this.#heardAt = Math.min(this.#heardAt, this.#parts.now() - QUIET_MS)
    else if (this.#socket === undefined) this.#connect()
    this.#askIfQuiet()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#watch)
    clearTimeout(this.#retry)
    this.#socket?.close()
  }

  get #isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  #connect(): void {
    clearTimeout(this.#retry)
    const { url, secret, open, onConnection, now } = this.#parts
    const socket = open(`${url}?connectionParams=1`)
    this.#socket = socket
    this.#isProved = false
    this.#heardAt = now()
    if (this.#lostAt === undefined) onConnection({ type: 'connecting' })
    socket.addEventListener('open', () => {
      this.#send({ method: 'connectionParams', data: { token: secret } })
      for (const [id, subscription] of this.#subscriptions) this.#subscribe(id, subscription)
    })
    socket.addEventListener('message', ({ data }) => this.#take(socket, String(data)))
    socket.addEventListener('close', () => this.#lost(socket))
  }

  #take(socket: WebSocket, text: string): void {
    if (socket !== this.#socket) return
    this.#heardAt = this.#parts.now()
    if (text === 'PING') return socket.send('PONG')
    if (text === 'PONG') return
    const { id, result, error } = JSON.parse(text) as Message
    if (error?.data?.code === 'UNAUTHORIZED') return this.#parts.onDenied()
    if (!this.#isProved) this.#live()
    const subscription = id === null ? undefined : this.#subscriptions.get(id)
    if (id === null || !subscription) return
    if (result?.type === 'data') subscription.onData(result.data)
    if (result?.type !== 'stopped' && !error) return
    this.#subscriptions.delete(id)
    if (error) subscription.onProblem?.(error.message)
    else subscription.onEnd?.()
  }

  #live(): void {
    this.#isProved = true
    this.#lostAt = undefined
    this.#failures = 0
    this.#parts.onConnection({ type: 'live' })
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket || this.#closed) return
    this.#socket = undefined
    this.#lostAt ??= this.#parts.now()
    this.#parts.onConnection({ type: 'lost', since: this.#lostAt })
    this.#retry = setTimeout(() => this.#connect(), Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#failures))
    this.#failures += 1
  }

  #askIfQuiet(): void {
    const quietMs = this.#parts.now() - this.#heardAt
    const socket = this.#socket
    if (!socket || quietMs < QUIET_MS) return
    if (quietMs < QUIET_MS + ANSWER_MS) {
      if (this.#isOpen) socket.send('PING')
      return
    }
    // `close` waits for the other side's farewell, which a sleeping network never brings: we go on without it.
    socket.close()
    this.#lost(socket)
  }

  #subscribe(id: number, { procedure, input }: Subscription): void {
    this.#send({ id, method: 'subscription', params: { path: procedure, input: input() } })
  }

  #send(message: unknown): void {
    this.#socket?.send(JSON.stringify(message))
  }
}
