/** One application on two ears: the unix socket of this user and 127.0.0.1. */
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync, readlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Home } from '@nexus/protocol/home'
import { Problem } from '@nexus/protocol/problem'
import type { Access } from './access.ts'

/** Where the dashboard is, unless that is taken. */
export const DASHBOARD_PORT = 8888
const TRIED_PORTS = 100

/** Serves `app` on the user's socket. Throws Problem `socket-path-too-long` when no short link can be made. */
export async function listenOnSocket(app: FastifyInstance, home: Home, access: Access): Promise<Server> {
  mkdirSync(home.runtime, { recursive: true, mode: 0o700 })
  chmodSync(home.runtime, 0o700)
  if (home.socketLink) linkShort(home.socketLink, home.runtime, home.socket)
  const server = createServer((request, response) => {
    access.trust(request.socket)
    app.routing(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    access.trust(request.socket)
    app.server.emit('upgrade', request, socket, head)
  })
  // We hold the state lock, so a socket that lies here belongs to a daemon that is dead.
  rmSync(join(home.runtime, 'daemon.sock'), { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(home.socket, () => {
      server.off('error', reject)
      resolve()
    })
  })
  chmodSync(home.socket, 0o600)
  return server
}

/** Listens on 127.0.0.1: the wanted port or a clear error; without a wish 8888 or the next free one. */
export async function listenOnLoopback(app: FastifyInstance, wanted: number | undefined): Promise<number> {
  const first = wanted ?? DASHBOARD_PORT
  for (let port = first; ; port += 1) {
    try {
      await app.listen({ host: '127.0.0.1', port })
      const address = app.server.address()
      return typeof address === 'object' && address ? address.port : port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      if (wanted !== undefined) throw new Problem('port-taken', { port }, { cause: error })
      if (port >= first + TRIED_PORTS) throw new Problem('port-taken', { port: `${first} to ${port}` }, { cause: error })
    }
  }
}

function linkShort(link: string, runtime: string, socket: string): void {
  try {
    const stat = lstatSync(link, { throwIfNoEntry: false })
    if (stat?.isSymbolicLink() && readlinkSync(link) === runtime) return
    if (stat) rmSync(link)
    mkdirSync(dirname(link), { recursive: true, mode: 0o700 })
    symlinkSync(runtime, link)
  } catch (cause) {
    throw new Problem('socket-path-too-long', { path: socket }, { cause })
  }
}
