/**
 * HTTP over the daemon's unix socket. `process.getBuiltinModule` and not `import 'node:http'`: the latter evaluates
 * undici, tls and http2 as well and costs 25 ms of a 45 ms start.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'

const http = process.getBuiltinModule('node:http')
const agent = new http.Agent({ keepAlive: true })

export interface Ask {
  readonly socketPath: string
  readonly path: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly signal?: AbortSignal | null | undefined
}

/** Resolves with the answer's head; rejects with the socket's error (ENOENT, ECONNREFUSED …). */
export function ask({ socketPath, path, method = 'GET', headers = {}, body, signal }: Ask): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request: ClientRequest = http.request({ socketPath, path, method, headers: { ...headers, ...length }, agent, ...(signal ? { signal } : {}) }, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Lets the process end although connections are kept alive. */
export function hangUp(): void {
  agent.destroy()
}
