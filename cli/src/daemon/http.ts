/**
 * HTTP over the daemon's unix socket. `process.getBuiltinModule` and not `import 'node:http'`: the latter evaluates
 * undici, tls and http2 as well and costs 25 ms of a 45 ms start.
 */
import type { IncomingMessage } from 'node:http'

export interface Ask {
  readonly socketPath: string
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Resolves with the answer's head; rejects with the socket's error (ENOENT, ECONNREFUSED …). */
export function ask({ socketPath, path, method = 'GET', headers = {}, body }: Ask): Promise<IncomingMessage> {
  const http = process.getBuiltinModule('node:http')
  const contents = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    // A connection of its own for each request (0.1 ms): a kept one may be closed by the other side just when it is used.
    const request = http.request({ socketPath, path, method, headers: { ...headers, ...contents }, agent: false }, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
