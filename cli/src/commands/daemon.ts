/** `nexus daemon start|stop|restart|status|logs` */
import { closeSync, existsSync, openSync, readSync, statSync, watch } from 'node:fs'
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import { flag, type Invocation } from '../command.ts'
import { safe } from '@nexus/protocol/readable'

export async function run(invocation: Invocation): Promise<number> {
  const actions: Record<string, (invocation: Invocation) => Promise<number>> = { start, stop, restart, status: async (asked) => (await import('./status.ts')).run(asked), logs }
  const [word = ''] = invocation.words
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined
  if (!action) throw new Problem('usage', { what: `nexus daemon takes ${Object.keys(actions).join(', ')}, not "${word}"`, topic: 'daemon' })
  return action(invocation)
}

async function start(invocation: Invocation): Promise<number> {
  const status = await invocation.client.system.status.query()
  say(invocation, { running: true, pid: status.pid, url: status.url }, `the daemon runs (pid ${status.pid})`)
  return EXIT.ok
}

async function stop(invocation: Invocation): Promise<number> {
  const stopped = await invocation.stopDaemon(false)
  say(invocation, { running: false, stopped }, stopped ? 'the daemon has stopped' : 'no daemon was running')
  return EXIT.ok
}

async function restart(invocation: Invocation): Promise<number> {
  await invocation.stopDaemon(false)
  return start(invocation)
}

function say({ json, print }: Invocation, shape: object, line: string): void {
  print(json ? JSON.stringify(shape) : line)
}

async function logs(invocation: Invocation): Promise<number> {
  const { home, json, print } = invocation
  if (!existsSync(home.log)) {
    if (!json) print('there is no log yet')
    return EXIT.ok
  }
  let offset = 0
  let rest = ''
  const more = () => {
    const [text, end] = readFrom(home.log, offset)
    offset = end
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) print(json ? line : readable(line))
  }
  more()
  if (!flag(invocation, 'follow')) {
    // A crash may have left half a line.
    if (rest !== '') print(json ? rest : readable(rest))
    return EXIT.ok
  }
  watch(home.log, more)
  // Until Ctrl-C.
  return new Promise<never>(() => undefined)
}

function readFrom(path: string, offset: number): [string, number] {
  const size = statSync(path).size
  const from = size < offset ? 0 : offset
  const bytes = Buffer.alloc(size - from)
  const descriptor = openSync(path, 'r')
  try {
    readSync(descriptor, bytes, 0, bytes.length, from)
  } finally {
    closeSync(descriptor)
  }
  return [bytes.toString('utf8'), size]
}

/** pino's line as a person reads it; what is no JSON (a crash) as it is. */
function readable(line: string): string {
  try {
    const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: number; msg?: string }
    const word = level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug'
    return safe(`${new Date(time).toISOString()} ${word.padEnd(5)} ${msg ?? ''} ${Object.keys(rest).length > 0 ? JSON.stringify(rest) : ''}`)
  } catch {
    return safe(line)
  }
}
