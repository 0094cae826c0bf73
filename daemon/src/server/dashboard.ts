/**
 * The built dashboard: a handful of files, read once at the first request and served by exact name, so that no name from
 * outside ever becomes a path.
 */
import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { loginRequestSchema, type Login } from '@nexus/protocol/access'
import { Problem } from '@nexus/protocol/problem'

export interface DashboardParts {
  /** Where the build has put it; it may be missing. */
  readonly folder: string
  /** Trades a one-time code. Throws Problem `login-link-void`. */
  readonly trade: (code: string, socket: Socket) => Login
}

/** Anybody may send one. */
const LOGIN_BYTES_MAX = 1024

interface Asset {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  readonly cache: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
}

export function serveDashboard(app: FastifyInstance, { folder, trade }: DashboardParts): void {
  let assets: ReadonlyMap<string, Asset> | undefined
  for (const route of ['/', '/favicon.svg', '/assets/*']) {
    app.get(route, async (request, reply) => {
      assets ??= assetsIn(folder)
      const asset = assets.get(new URL(request.url, 'http://nexus').pathname)
      if (!asset) return reply.code(404).type('text/plain').send('nothing is here\n')
      reply.header('cache-control', asset.cache).header('etag', asset.etag)
      if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send()
      return reply.type(asset.type).send(asset.body)
    })
  }
  // The one call that needs no secret: the code is one. A body of JSON cannot come from a form of another page.
  app.post('/login', { bodyLimit: LOGIN_BYTES_MAX }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    try {
      return trade(loginRequestSchema.parse(request.body).code, request.raw.socket)
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('bad-request', { what: 'a login is {"code": "…"}' }, { cause: error })
      return reply.code(problem.code === 'login-link-void' ? 401 : 400).send({ error: problem.shape })
    }
  })
}

function assetsIn(folder: string): ReadonlyMap<string, Asset> {
  const found = new Map<string, Asset>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const body = readFileSync(file)
    const name = file.slice(folder.length)
    // Names below assets/ hold a hash of the content: they never change.
    const cache = name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    found.set(name === '/index.html' ? '/' : name, { body, type, cache, etag: `"${hash('sha256', body, 'hex').slice(0, 20)}"` })
  }
  return found
}
