/** Whose program is at the other end of a connection within this machine, as the kernel knows it. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { endianness } from 'node:os'

/** A user id; undefined where nothing is known: another machine, another network namespace, another system. */
export function peerOf({ remoteAddress, remotePort, localAddress, localPort }: Socket, table = '/proc/net/tcp'): number | undefined {
  const [theirs, ours] = [placeText(remoteAddress, remotePort), placeText(localAddress, localPort)]
  if (theirs === undefined || ours === undefined) return undefined
  // Number, their own address, the other one, state, queues, timer, retransmissions, user.
  const row = linesOf(table).map((line) => line.trim().split(/\s+/)).find((fields) => fields[1] === theirs && fields[2] === ours)
  return row?.[7] === undefined ? undefined : Number(row[7])
}

/** As the table writes it: the four bytes as one number of this machine, in hex. */
function placeText(address: string | undefined, port: number | undefined): string | undefined {
  const bytes = address?.replace(/^::ffff:/, '').split('.').map(Number) ?? []
  if (bytes.length !== 4 || port === undefined) return undefined
  const inOrder = endianness() === 'LE' ? bytes.toReversed() : bytes
  return `${Buffer.from(inOrder).toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}

function linesOf(table: string): string[] {
  try {
    return readFileSync(table, 'latin1').split('\n')
  } catch {
    return [] // no Linux, or no /proc
  }
}
