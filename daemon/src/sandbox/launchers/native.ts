/** The native launcher: one small C program per run, spoken to over a socket on its descriptor 3. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import type { LaunchEnd, LaunchOrder, Launch } from '../launch.ts'
import { isExecutable } from '../programs.ts'
import type { Scene } from '../scene.ts'
import { NATIVE_WALLS } from '../walls.ts'
import { answersOn } from './answers.ts'
import { launchOf, stillborn } from './child.ts'
import { encodeFrame, limitPairs, requestPairs, type Pair } from './frames.ts'
import type { Launcher, Surroundings } from './launcher.ts'
import { PortOrders } from './port-orders.ts'
import { stuckBelow } from './stuck.ts'

/** After that the launcher itself is ended; its sandbox dies with it. */
const KILL_PATIENCE_MS = 500

/** What raises every wall that only this launcher has. */
export const NATIVE_FIX = 'apt-get install gcc libc6-dev, then npm run build'

export function nativeLauncher(nativePath: string | null): Launcher {
  return {
    name: 'native',
    walls: NATIVE_WALLS,
    gaps: [],
    absence: () => absence(nativePath),
    launch: (scene, order, around = {}) => launch(nativePath ?? '', scene, order, around),
  }
}

function absence(nativePath: string | null): { cause: string; fix: string } | undefined {
  if (nativePath !== null && isExecutable(nativePath)) return undefined
  return { cause: 'the native launcher is not built (no C compiler was found): there are fewer walls, --net HOST is slower, and no port can be published', fix: NATIVE_FIX }
}

function launch(program: string, scene: Scene, order: LaunchOrder, { without = [], fence }: Surroundings): Launch {
  // What a control group holds, the launcher need not.
  const request = encodeFrame([...requestPairs(scene, order, without), ...(fence?.isHeld ? [] : limitPairs(order))])
  if (!request) return stillborn('request', 'the command line and its environment are longer than 1 MiB, or hold a NUL')
  const startedAt = performance.now()
  const child = spawn(program, ['launch'], { stdio: [order.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', ...(order.doors ? ['pipe' as const] : [])], env: {}, cwd: '/' })
  const control = child.stdio[3] as Duplex | null // 'pipe' at index 3 is a socket, both ways; null when nothing was started
  const channel = child.stdio[4] as Duplex | null | undefined // the same, for the ferry
  if (channel) order.doors?.attend(channel)
  // It waits for the request before it starts anything.
  if (child.pid !== undefined) fence?.enclose(child.pid)
  control?.write(request)
  const say = (pairs: readonly Pair[]) => {
    const frame = encodeFrame(pairs)
    if (frame && control?.writable) control.write(frame)
  }
  let isKilled = false
  const orders = new PortOrders(say)
  const told = listen(child, control, { isKilled: () => isKilled, elapsedMs: () => performance.now() - startedAt, port: (errno) => orders.answered(errno) })
  void told.then(() => orders.end())
  return launchOf(child, {
    told,
    resize: (rows, cols) => say([['do', 'resize'], ['rows', rows], ['cols', cols]]),
    publish: ({ host, inside }) => orders.give([['do', 'publish'], ['host', host], ['inside', inside]]),
    withdraw: (host) => orders.give([['do', 'withdraw'], ['host', host]]),
    terminate: () => say([['do', 'term']]),
    kill: () => {
      isKilled = true
      say([['do', 'kill']])
      const axe = setTimeout(() => child.kill('SIGKILL'), KILL_PATIENCE_MS)
      void told.then(() => clearTimeout(axe))
    },
  })
}

function listen(child: ChildProcess, control: Duplex | null, { isKilled, elapsedMs, port }: { readonly isKilled: () => boolean; readonly elapsedMs: () => number; readonly port: (errno: number) => void }): Promise<LaunchEnd> {
  const { promise, resolve } = Promise.withResolvers<LaunchEnd>()
  let stuck: readonly string[] = []
  // Where nobody is left, the kernel still takes the mounts apart, which takes its time after a hundred thousand files: nothing can be written any more.
  answersOn(control, elapsedMs, { port, lingers: (init) => { stuck = stuckBelow(init) }, ended: (end) => resolve({ ...end, ...(stuck.length > 0 ? { stuck } : {}) }) })
  child.once('error', (error) => resolve({ type: 'failed', step: 'spawn', cause: error.message, durationMs: elapsedMs(), usage: null }))
  // 'close' comes after the control socket was read to its end: no last line means that the launcher was ended.
  child.once('close', (code, signal) => resolve(isKilled()
    ? { type: 'killed', durationMs: elapsedMs(), usage: null }
    : { type: 'failed', step: 'launcher', cause: `it ended with ${signal ?? code} and no word`, durationMs: elapsedMs(), usage: null }))
  return promise
}
