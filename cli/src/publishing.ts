/** `--publish [HOSTPORT:]PORT`, and how a published port is shown. */
import { linkOf, parsePort } from '@nexus/protocol/port-words'
import type { AskedPorts, Port } from '@nexus/protocol/ports'
import { Problem } from '@nexus/protocol/problem'
import type { Theme } from './screen/theme.ts'

/** Throws Problem `usage`. */
export function portsOf(words: readonly string[], topic: string): AskedPorts {
  return words.map((word) => {
    const port = parsePort(word)
    if (!port) throw new Problem('usage', { what: `"${word}" is no port: PORT or HOSTPORT:PORT, as 3000 or 8080:3000`, topic })
    return port
  })
}

export function portLine(port: Port, theme: Theme, run?: string): string {
  return `${theme.accent(linkOf(port))} ${theme.dim(`port ${port.inside} inside${run === undefined ? '' : ` ${run}`}`)}`
}
