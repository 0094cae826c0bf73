/**
 * Letting a browser in. A link is a random code, good once and for two minutes, known to this process only. What it is
 * traded for is signed with the daemon's secret, so it outlives a restart without a table: it names the port (another
 * program that takes our port later is another origin to us) and its end; deleting the daemon's secret revokes all.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Login } from '@nexus/protocol/access'
import { Problem } from '@nexus/protocol/problem'

const LINK_MS = 2 * 60_000
const LOGIN_MS = 30 * 24 * 3600_000
/** Whoever asks for links faster than they are used voids the oldest. */
const LINKS_MAX = 20

interface Link {
  readonly expiresAt: number
  readonly isOwn: boolean
}

export class Logins {
  readonly #secret: string
  readonly #now: () => number
  /** By the code's hash: a lookup then tells nothing by its time. */
  readonly #links = new Map<string, Link>()

  constructor(secret: string, now: () => number) {
    this.#secret = secret
    this.#now = now
  }

  /** `isOwn`: only a program of this user may trade it. */
  link({ isOwn } = { isOwn: false }): { code: string; expiresAt: number } {
    const code = randomBytes(32).toString('base64url')
    const expiresAt = this.#now() + LINK_MS
    this.#links.set(hashed(code), { expiresAt, isOwn })
    for (const [old] of this.#links) if (this.#links.size > LINKS_MAX) this.#links.delete(old)
    return { code, expiresAt }
  }

  /** Throws Problem `login-link-void`. Who must not trade it leaves it good for who may. */
  trade(code: string, port: number, isOfUser: () => boolean = () => true): Login {
    const key = hashed(code)
    const link = this.#links.get(key)
    if (link?.isOwn && !isOfUser()) throw new Problem('login-link-void')
    this.#links.delete(key)
    if (link === undefined || link.expiresAt <= this.#now()) throw new Problem('login-link-void')
    const expiresAt = this.#now() + LOGIN_MS
    const claims = `${expiresAt.toString(36)}.${randomBytes(16).toString('base64url')}`
    return { secret: `${claims}.${this.#signed(claims, port)}`, expiresAt }
  }

  accepts(secret: string, port: number): boolean {
    const [, claims = '', end = '', signature = ''] = /^(([0-9a-z]{1,12})\.[\w-]{22})\.([\w-]{43})$/.exec(secret) ?? []
    if (claims === '') return false
    // The signature first: what is not signed is not read.
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#signed(claims, port))) && Number.parseInt(end, 36) > this.#now()
  }

  #signed(claims: string, port: number): string {
    return createHmac('sha256', this.#secret).update(`browser\0${port}\0${claims}`).digest('base64url')
  }
}

function hashed(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
