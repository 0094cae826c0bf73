import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { endianness, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { peerOf } from './peer.ts'

test('the kernel says whose program is at the other end', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1') // it listens on TCP
  try {
    const [socket] = await once(server, 'connection') as [Socket]
    expect(peerOf(socket)).toBe(process.geteuid?.())
    expect(peerOf(socket, '/nonexistent/tcp')).toBeUndefined()
  } finally {
    client.destroy()
    server.close()
  }
})

test('only the very ends of the connection count: the same ports at another address are somebody else', ({ skip }) => {
  if (endianness() !== 'LE') skip('needs a machine whose numbers begin with the lowest byte: the table is written so here')
  const folder = mkdtempSync(join(tmpdir(), 'nexus-peer-'))
  try {
    const table = join(folder, 'tcp')
    const row = (theirs: string, ours: string, user: number) => `   0: ${theirs} ${ours} 01 00000000:00000000 00:00000000 00000000  ${user}        0 1 1 0 20 4 30 10 -1\n`
    writeFileSync(table, `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n${row('0200007F:C350', '0100007F:22B8', 0)}${row('0100007F:22B8', '0100007F:C350', 0)}${row('0100007F:C350', '0100007F:22B8', 1500)}`)
    const ends = { remoteAddress: '127.0.0.1', remotePort: 50_000, localAddress: '127.0.0.1', localPort: 8888 } as Socket
    expect(peerOf(ends, table)).toBe(1500)
    expect(peerOf({ ...ends, remotePort: 50_001 } as Socket, table)).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
