/**
 * The doors of a run without the native launcher. A socket belongs to the namespace it was made in, whoever holds it: a
 * second process of this program joins the network of the sandbox, and nothing else of it, makes the sockets there, hands
 * them out, and is gone before the command begins.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, Server } from 'node:net'
import type { Door } from './boat.ts'

const LOOPBACK = ['127.0.0.1', '::1'] as const
/** Machines without IPv6 have no ::1 either. */
const WITHOUT_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])
/** Its last word, and the answer. */
const ALL = 'all'
const ENOUGH = 'enough'

/** Inside: ends when what made it has heard enough. Throws what the system says of a door that cannot be made. */
export async function makeDoors(ports: readonly number[]): Promise<void> {
  for (const heard of ['message', 'disconnect'] as const) process.once(heard, () => process.exit(0))
  for (const port of ports) {
    for (const host of LOOPBACK) {
      const socket = await listening(host, port)
      if (socket) process.send?.({ port }, socket)
    }
  }
  process.send?.(ALL)
}

/** Throws with what the system says where there is no such door. */
async function listening(host: (typeof LOOPBACK)[number], port: number): Promise<Server | undefined> {
  const socket = createServer().listen({ host, port, ipv6Only: host === '::1', exclusive: true })
  try {
    await once(socket, 'listening')
    return socket
  } catch (error) {
    if (host === '::1' && error instanceof Error && 'code' in error && WITHOUT_IPV6.has(String(error.code))) return undefined
    throw error
  }
}

export interface Order {
  readonly ports: readonly number[]
  /** What joins the namespaces and becomes the maker of doors; its descriptors from 4 on are ours. */
  readonly command: readonly string[]
  readonly descriptors: readonly number[]
}

/** Outside: the doors, once their maker has ended. Throws with what it complained about. */
export async function fetchDoors({ ports, command: [program = '', ...words], descriptors }: Order): Promise<Door[]> {
  const maker = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...descriptors], env: {}, cwd: '/' })
  const doors: Door[] = []
  maker.on('message', (word: unknown, socket) => {
    // Not by a disconnect from here: after that Node does not tell that a child has closed.
    if (word === ALL) maker.send(ENOUGH)
    else if (socket instanceof Server) doors.push({ port: (word as { port: number }).port, socket }) // our own maker's word
  })
  const complaint = await ended(maker)
  const missing = ports.filter((port) => !doors.some((door) => door.port === port))
  if (complaint !== '' || missing.length > 0) throw new Error(complaint || `port ${missing.join(', ')} of the sandbox's lo was not opened`)
  return doors
}

/** What it said on the way, as one line; empty when all went well. */
async function ended(maker: ChildProcess): Promise<string> {
  const said: string[] = []
  maker.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const [code, signal] = (await once(maker, 'close')) as [number | null, NodeJS.Signals | null]
  return code === 0 ? '' : said.join('').trim().split('\n')[0] || `the maker of doors ended with ${signal ?? code}`
}
