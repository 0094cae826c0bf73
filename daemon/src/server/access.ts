/**
 * Who may speak: the unix socket is trusted by its file mode (0600 in a 0700 folder); TCP needs a known Host (against
 * DNS rebinding), a known Origin where one is sent, and the secret. No cookie: cookies ignore ports, so any dev server
 * on localhost would receive it. A browser holds a secret of its own (logins.ts), never the daemon's.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TRPCError } from '@trpc/server'
import type { AccessService, LinkWish, Login, LoginLink } from '@nexus/protocol/access'
import { Problem } from '@nexus/protocol/problem'
import type { Actor } from '@nexus/protocol/trpc'
import { Logins } from './logins.ts'
import { peerOf } from './peer.ts'

export class Access implements AccessService {
  readonly #trusted = new WeakSet<Socket>()
  readonly #secret: Buffer
  readonly #logins: Logins
  #port = 0

  constructor(secret: string, now: () => number) {
    this.#secret = Buffer.from(secret)
    this.#logins = new Logins(secret, now)
  }

  listeningOn(port: number): void {
    this.#port = port
  }

  trust(socket: Socket): void {
    this.#trusted.add(socket)
  }

  /** The HTTP status that refuses this request before anything reads it; undefined lets it pass. */
  refusal(request: IncomingMessage): { status: 421 | 403; cause: string } | undefined {
    if (this.#trusted.has(request.socket)) return undefined
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`, `[::1]:${this.#port}`]
    if (!hosts.includes(request.headers.host ?? '')) return { status: 421, cause: 'this host name is not served' }
    const { origin } = request.headers
    if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return { status: 403, cause: 'this origin is not allowed' }
    return undefined
  }

  /** Over TCP, and without the secret in its headers; a WebSocket says it later. */
  isStranger(request: IncomingMessage): boolean {
    return !this.#trusted.has(request.socket) && !this.#matches(bearerOf(request) ?? '')
  }

  /** Throws UNAUTHORIZED. The secret comes as `Authorization: Bearer`, or in a WebSocket's connection parameters. */
  actorOf(request: IncomingMessage, parameters: Readonly<Record<string, unknown>> | null | undefined): Actor {
    if (this.#trusted.has(request.socket)) return { kind: 'person', via: 'socket' }
    const given = bearerOf(request) ?? (typeof parameters?.token === 'string' ? parameters.token : '')
    if (!this.#matches(given)) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'the secret is missing or wrong' })
    return { kind: 'person', via: 'tcp' }
  }

  /** Throws Problem `access-denied`, `not-listening`. */
  link({ opens }: LinkWish, actor: Actor): LoginLink {
    if (actor.via !== 'socket') throw new Problem('access-denied', { cause: 'a login link is made at the socket of the user' })
    if (this.#port === 0) throw new Problem('not-listening')
    const { code, expiresAt } = this.#logins.link({ isOwn: opens })
    return { url: `http://127.0.0.1:${this.#port}/#login=${code}`, expiresAt }
  }

  /** Throws Problem `login-link-void`. */
  trade(code: string, socket: Socket): Login {
    return this.#logins.trade(code, this.#port, () => {
      const user = peerOf(socket)
      // Elsewhere no table tells. Here each connection of this machine has its line, and one without is nobody's.
      if (user === undefined) return process.platform !== 'linux'
      return user === 0 || user === process.geteuid?.()
    })
  }

  #matches(given: string): boolean {
    const bytes = Buffer.from(given)
    if (this.#logins.accepts(given, this.#port)) return true
    return bytes.length === this.#secret.length && timingSafeEqual(bytes, this.#secret)
  }
}

function bearerOf(request: IncomingMessage): string | undefined {
  return request.headers.authorization?.match(/^Bearer (\S+)$/)?.[1]
}

/** The daemon's secret, made once, readable by its user only; deleting the file revokes it. */
export function secretIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const secret = randomBytes(32).toString('base64url')
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' })
    return secret
  }
}
