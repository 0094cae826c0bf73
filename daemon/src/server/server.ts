/** The server: fastify over the tRPC router, on the unix socket and on 127.0.0.1. Starts, listens, stops; decides nothing. */
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import type { Home } from '@nexus/protocol/home'
import { Problem } from '@nexus/protocol/problem'
import { nexusRouter, type NexusRouter } from '@nexus/protocol/router'
import type { Context } from '@nexus/protocol/trpc'
import type { Log } from '../base/log.ts'
import type { Access } from './access.ts'
import { serveDashboard } from './dashboard.ts'
import { SECURITY_HEADERS } from './headers.ts'
import { listenOnLoopback, listenOnSocket } from './listen.ts'
import { Strangers } from './strangers.ts'

export interface ServerParts {
  readonly home: Home
  readonly port: number | undefined | null
  readonly access: Access
  readonly services: Omit<Context, 'actor' | 'access'>
  /** The folder of the built dashboard. */
  readonly dashboard: string
  /** A browser traded a login link. */
  readonly onLogin: (expiresAt: number) => void
  readonly build: string
  readonly isIdle: () => boolean
  /** Ends what an earlier apply left open; done before anybody asks for or about a run. */
  readonly catchUp: () => Promise<void>
  readonly log: Log
}

/** A request body is a run request or a piece of input; 16 MiB is far above both. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024

/** As tRPC would say it. */
const UNKNOWN_CALLER = { error: { message: 'unauthorized', code: -32_001, data: { code: 'UNAUTHORIZED', httpStatus: 401, problem: new Problem('access-denied', { cause: 'the secret is missing or wrong' }).shape } } }

export class Server implements AsyncDisposable {
  readonly #parts: ServerParts
  readonly #app: FastifyInstance
  readonly #strangers = new Strangers()
  #socket: HttpServer | undefined
  #url: string | null = null

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#app = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true, routerOptions: { maxParamLength: 5000 } })
  }

  get url(): string | null {
    return this.#url
  }

  async start(): Promise<void> {
    const { home, port, access, dashboard, onLogin } = this.#parts
    this.#guard()
    serveDashboard(this.#app, {
      folder: dashboard,
      trade: (code, socket) => {
        const login = access.trade(code, socket)
        onLogin(login.expiresAt)
        return login
      },
    })
    await this.#app.register(websocket, { options: { maxPayload: BODY_LIMIT_BYTES } })
    await this.#app.register(fastifyTRPCPlugin, this.#trpc())
    await this.#app.ready()
    this.#app.server.on('connection', (socket: Socket) => this.#strangers.add(socket))
    this.#app.websocketServer.on('connection', (_, { socket }: IncomingMessage) => this.#strangers.hearOut(socket))
    if (port !== null) {
      const taken = await listenOnLoopback(this.#app, port)
      access.listeningOn(taken)
      this.#url = `http://127.0.0.1:${taken}`
    }
    this.#socket = await listenOnSocket(this.#app, home, access)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket
    socket?.closeAllConnections()
    await Promise.all([this.#app.close(), socket ? new Promise((resolve) => socket.close(resolve)) : undefined])
  }

  #guard(): void {
    const { access, build, isIdle, catchUp } = this.#parts
    this.#app.addHook('onRequest', async (request, reply) => {
      reply.headers(SECURITY_HEADERS)
      const refusal = access.refusal(request.raw)
      if (refusal) return reply.code(refusal.status).send({ error: new Problem('access-denied', { cause: refusal.cause }).shape })
      // A body would be read before anybody asks who sends it.
      if (!access.isStranger(request.raw)) this.#strangers.know(request.raw.socket)
      else if (!['GET', 'HEAD'].includes(request.method) && request.url !== '/login') return reply.code(401).send(UNKNOWN_CALLER)
      reply.header('x-nexus-build', build)
      const theirs = request.headers['x-nexus-build']
      const isStop = request.url.startsWith('/trpc/system.stop')
      if (theirs !== undefined && theirs !== build && isIdle() && !isStop) {
        return reply.code(409).send({ error: { message: 'outdated', code: -32_000, data: { code: 'CONFLICT', httpStatus: 409, problem: new Problem('daemon-outdated').shape } } })
      }
      if (request.url.startsWith('/trpc/runs.')) await catchUp()
    })
  }

  #trpc(): FastifyTRPCPluginOptions<NexusRouter> & { prefix: string; useWSS: boolean } {
    const { access, services, log } = this.#parts
    return {
      prefix: '/trpc', useWSS: true,
      trpcOptions: {
        router: nexusRouter,
        // A query that is longer than a request line may be comes as a body.
        allowMethodOverride: true,
        createContext: ({ req, info }) => {
          const request = 'raw' in req ? req.raw : req
          const actor = access.actorOf(request, info.connectionParams)
          this.#strangers.know(request.socket)
          return { ...services, access, actor }
        },
        onError({ error, path }) {
          // A Problem is an answer; anything else is a bug and is written down once, here.
          if (error.code === 'INTERNAL_SERVER_ERROR' && !(error.cause instanceof Problem)) log.error({ err: error.cause ?? error, path }, 'a call failed')
        },
      },
    }
  }
}
