/** Ports as a person writes and reads them. Apart from their shapes: the page takes the words and leaves zod behind. */
import type { AskedPorts, Port } from './ports.ts'

/** `PORT` or `HOSTPORT:PORT`; undefined for what is neither. */
export function parsePort(word: string): AskedPorts[number] | undefined {
  const [, host, inside = ''] = /^(?:(\d{1,5}):)?(\d{1,5})$/.exec(word) ?? []
  const port = { host: Number(host ?? inside), inside: Number(inside) }
  return port.inside >= 1 && port.inside <= 65_535 && port.host <= 65_535 ? port : undefined
}

export function linkOf({ host }: Pick<Port, 'host'>): string {
  return `http://127.0.0.1:${host}`
}
