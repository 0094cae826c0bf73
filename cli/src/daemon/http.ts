/**
 * HTTP over the daemon's unix socket. `process.getBuiltinModule` and not `import 'node:http'`: the latter evaluates
 * undici, tls and http2 as well and costs 25 ms of a 45 ms start.
 */
import { statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import { Problem } from '@nexus/protocol/problem'

export interface Ask {
  readonly socketPath: string
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Resolves with the answer's head; rejects with the socket's error (ENOENT, ECONNREFUSED …), or Problem `home-unwritable`. */
export function ask({ socketPath, path, method = 'GET', headers = {}, body }: Ask): Promise<IncomingMessage> {
  const http = process.getBuiltinModule('node:http')
  const contents = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    requireOwn(dirname(socketPath))
    // A connection of its own for each request (0.1 ms): a kept one may be closed by the other side just when it is used.
    const request = http.request({ socketPath, path, method, headers: { ...headers, ...contents }, agent: false }, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

/** Where a folder for everybody (/tmp) is the runtime folder, somebody else may have been there first, and would answer in the daemon's place. */
function requireOwn(folder: string): void {
  const own = process.getuid?.()
  const owner = own === undefined || own === 0 ? undefined : ownerOf(folder)
  if (owner !== undefined && owner !== own && owner !== 0) throw new Problem('home-unwritable', { path: folder, cause: 'it belongs to somebody else' })
}

function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid
  } catch {
    return undefined // not there yet, or not to be reached: nobody answers either
  }
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
