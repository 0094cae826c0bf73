// Network: bytes a second through the doors of a run and through its proxy, against a plain connection over the loopback of the host.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Nexus } from './../nexus.ts'
import { bestOf, goal, pairs, row } from './pairs.ts'

const MEGABYTES = 512
/** 10 Gbit/s: faster than what most machines reach beyond themselves. A third process that moves bytes needs a core of its own to keep up with loopback. */
const FAST_WIRE = 1.25e9
/** A server of its own process: it must not share a core with the daemon more than any other would. */
const SERVER = `
const { createServer } = require('node:http')
const piece = Buffer.alloc(1 << 20, 7)
const server = createServer((request, response) => {
  let left = ${MEGABYTES}
  response.writeHead(200, { 'content-length': left * piece.length })
  const rate = Number(request.url.slice(1)) || Infinity, beganAt = performance.now()
  const isDue = () => (${MEGABYTES} - left) * piece.length <= rate * (performance.now() - beganAt) / 1000
  const go = () => {
    while (left > 0) {
      if (!isDue()) return void setTimeout(go, 1)
      left -= 1
      if (!response.write(piece)) return void response.once('drain', go)
    }
    response.end()
  }
  go()
}).listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)))
`

await using nexus = new Nexus()
const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [said] = (await once(server.stdout, 'data')) as [Buffer]
  const port = said.toString()
  await nexus.run('true')
  /** Milliseconds that curl itself counts from the first byte asked for to the last one received. */
  const fetched = (net: string, options: string, bytesPerSecond?: number, by = nexus) => async () => {
    const run = await by.run('--discard', '--net', net, `curl -sS ${options} -o /dev/null -w '%{size_download} %{time_total} %{time_pretransfer}' http://127.0.0.1:${port}/${bytesPerSecond ?? ''}`)
    const [size, total, before] = run.stdout.toString().split(' ').map(Number)
    if (size !== MEGABYTES << 20) throw new Error(`${size} bytes came, and: ${JSON.stringify(run.stderr)}`)
    return ((total ?? 0) - (before ?? 0)) * 1000
  }
  const ways = [['by a door', `localhost:${port}`, ''], ['by CONNECT', `127.0.0.1:${port}`, '--noproxy "" -p -x "$HTTP_PROXY"'], ['as a request', `127.0.0.1:${port}`, '--noproxy "" -x "$HTTP_PROXY"']] as const
  for (const [speed, bytesPerSecond] of [['', undefined], [', 10 Gbit/s', FAST_WIRE]] as const) {
    for (const [name, net, options] of ways) {
      const pair = await bestOf(() => pairs(7, fetched('on', '', bytesPerSecond), fetched(net, options, bytesPerSecond)), ({ ratio }) => ratio <= 1.25)
      console.log(row(`${MEGABYTES} MiB over loopback ${name}${speed}`, pair, `${(MEGABYTES * 1.048576 / pair.other).toFixed(2)} GB/s, ${goal('within 20 % of a direct connection', pair.ratio <= 1.25)}`))
    }
  }
  // Without a goal: where Node has the doors.
  await using weaker = new Nexus({ env: { NEXUS_NATIVE: '/nonexistent/nexus-native' } })
  await weaker.run('true')
  for (const [name, net, options] of ways) {
    const pair = await pairs(7, fetched('on', '', undefined, weaker), fetched(net, options, undefined, weaker))
    console.log(row(`${MEGABYTES} MiB over loopback ${name}, util-linux`, pair, `${(MEGABYTES * 1.048576 / pair.other).toFixed(2)} GB/s`))
  }
} finally {
  server.kill()
}
