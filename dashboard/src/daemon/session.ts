/**
 * How this browser came in: the one-time code of the link's fragment is traded for a secret, which stays in the storage
 * of this origin. No cookie: cookies ignore ports, so every dev server on localhost would receive it.
 */
import type { Login } from '@nexus/protocol/access'
import type { ProblemShape } from '@nexus/protocol/problem'

export type Session = { readonly type: 'open'; readonly secret: string } | { readonly type: 'shut'; readonly problem?: ProblemShape }

export interface Door {
  readonly location: Pick<Location, 'hash' | 'pathname'>
  readonly history: Pick<History, 'replaceState'>
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
}

const KEY = 'nexus.secret'

export async function openSession(door: Door): Promise<Session> {
  const code = /^#login=([\w-]+)$/.exec(door.location.hash)?.[1]
  const kept = door.storage.getItem(KEY)
  if (code !== undefined) {
    // Before anything else: the code must not stay in the address line, in the history or in a bookmark.
    door.history.replaceState(null, '', door.location.pathname)
    const traded = await trade(door, code)
    if (traded.type === 'open' || kept === null) return traded
  }
  return kept === null ? { type: 'shut' } : { type: 'open', secret: kept }
}

/** The daemon does not know the secret (any more). */
export function forgetSession(storage: Door['storage']): void {
  storage.removeItem(KEY)
}

async function trade({ fetch, storage }: Door, code: string): Promise<Session> {
  try {
    const answer = await fetch('/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code }) })
    const body = (await answer.json()) as Partial<Login> & { error?: ProblemShape }
    if (answer.ok && body.secret !== undefined) {
      storage.setItem(KEY, body.secret)
      return { type: 'open', secret: body.secret }
    }
    return body.error ? { type: 'shut', problem: body.error } : { type: 'shut' }
  } catch (error) {
    return { type: 'shut', problem: { code: 'daemon-unreachable', message: `the daemon does not answer: ${error instanceof Error ? error.message : String(error)}`, next: 'nexus dashboard' } }
  }
}
