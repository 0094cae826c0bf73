/** What the ferry of Node's tells the daemon: the conversation of launch-ferry.c, without a sandbox around it. */
import { once } from 'node:events'
import { connect, createServer, Server, type AddressInfo, type Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import { buffer as bytesOf } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { Boat } from './boat.ts'
import { attend } from './ferry.ts'
import { frameOf } from './frames.ts'
import type { Visitor } from './visitor.ts'

let cleanup: DisposableStack
afterEach(() => cleanup?.dispose())

async function listening(server: Server): Promise<number> {
  cleanup.defer(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** A door behind which every visitor is served so. */
async function door(serve: (visitor: Visitor) => Promise<void>): Promise<{ come: () => Socket; daemon: Duplex; complaints: unknown[] }> {
  cleanup = new DisposableStack()
  const [daemon, ferry] = duplexPair()
  const complaints: unknown[] = []
  attend(daemon, serve, (error) => complaints.push(error))
  const socket = new Server()
  const port = await listening(socket)
  new Boat(ferry).open({ port: 80, socket })
  return { come: () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }), daemon, complaints }
}

const echo = () => listening(createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)))

test('a visitor says by which door it came; bytes are counted, and the end of each side is told to the other', async () => {
  const carried: unknown[] = []
  let port = 0
  const { come, complaints } = await door(async (visitor) => {
    const first = await visitor.read()
    await visitor.write(`by ${visitor.port}: `)
    await visitor.connect('127.0.0.1', port)
    await visitor.send(first ?? '')
    carried.push(await visitor.carry())
  })
  port = await echo()
  const client = come()
  client.write('early ')
  await once(client, 'readable')
  client.end('x'.repeat(300_000))
  expect((await bytesOf(client)).toString()).toBe(`by 80: early ${'x'.repeat(300_000)}`)
  expect([carried, complaints]).toEqual([[{ upBytes: 300_000, downBytes: 300_006 }], []])
})

test('its share goes up and no more, and the other side is not told of an end', async () => {
  let heard = ''
  let port = 0
  const carried: unknown[] = []
  const { come } = await door(async (visitor) => {
    await visitor.connect('127.0.0.1', port)
    carried.push(await visitor.carry(5))
  })
  port = await listening(createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('end', () => { heard += ' END' }).on('data', (bytes: Buffer) => {
      heard += bytes.toString()
      setTimeout(() => socket.end('answer'), 50)
    })
  }))
  const client = come()
  client.end('helloGET /smuggled')
  expect([(await bytesOf(client)).toString(), heard, carried]).toEqual(['answer', 'hello', [{ upBytes: 5, downBytes: 6 }]])
})

test('where nobody listens it says why; a visitor that leaves is heard of; what is due can still be read', async () => {
  const shut = createServer()
  const told: string[] = []
  let port = 0
  const { come, complaints } = await door(async (visitor) => {
    if ((await visitor.read())?.toString() === 'leaves') {
      told.push(String(await visitor.read()))
      return
    }
    await visitor.connect('127.0.0.1', port).catch((error: Error) => told.push(error.message))
    await visitor.write('sorry')
  })
  port = await listening(shut)
  shut.close()
  await once(shut, 'close')
  const client = come()
  // Much that nobody reads: the end must not become a reset that overtakes the answer.
  client.write('y'.repeat(100_000))
  expect((await bytesOf(client)).toString()).toBe('sorry')
  const leaving = come()
  leaving.write('leaves')
  leaving.end()
  expect((await bytesOf(leaving)).toString()).toBe('')
  expect([told, complaints]).toEqual([['ECONNREFUSED', 'null'], []])
})

test('a word about one that has left, or that nobody understands, is no accident', async () => {
  const { come, daemon, complaints } = await door(async (visitor) => { await visitor.write('one') })
  for (const verb of ['r', 'w', 'c', '?']) daemon.write(frameOf(verb, 77, Buffer.alloc(8)))
  expect((await bytesOf(come())).toString()).toBe('one')
  daemon.write(frameOf('r', 1, Buffer.alloc(0)))
  expect([(await bytesOf(come())).toString(), complaints]).toEqual(['one', []])
})
