/** The bytes that go down the native launcher's control socket: u32 length, then NUL-ended keys and values in turn. */
import type { LaunchOrder } from '../launch.ts'
import type { Scene } from '../scene.ts'
import type { KernelWall } from '../walls.ts'

/** Must be NEXUS_NATIVE_PROTOCOL of daemon/native/nexus-native.h. */
const NATIVE_PROTOCOL = 7
const REQUEST_BYTES_MAX = 1024 * 1024

export type Pair = readonly [key: string, value: string | number]

/** Undefined when a value holds a NUL or the whole is larger than the launcher takes. */
export function encodeFrame(pairs: readonly Pair[]): Buffer | undefined {
  const texts = pairs.flatMap(([key, value]) => [key, String(value)])
  if (texts.some((text) => text.includes('\0'))) return undefined
  const body = Buffer.from(texts.map((text) => `${text}\0`).join(''))
  if (body.length > REQUEST_BYTES_MAX) return undefined
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32LE(body.length, 0)
  body.copy(frame, 4)
  return frame
}

export function requestPairs(scene: Scene, order: LaunchOrder, without: readonly KernelWall[] = []): Pair[] {
  return [
    ['protocol', NATIVE_PROTOCOL],
    ...order.argv.map((value): Pair => ['argv', value]),
    ...Object.entries(order.env).map(([name, value]): Pair => ['env', `${name}=${value}`]),
    ['cwd', order.cwd], ['umask', order.umask], ['net', order.net], ...(order.doors?.ports ?? []).map((port): Pair => ['door', port]), ['stdin', order.stdin ? 'pipe' : 'null'],
    ...optional('timeout_ms', order.timeoutMs && Math.ceil(order.timeoutMs)), ...optional('rows', order.pty?.rows), ...optional('cols', order.pty?.cols),
    ['project', scene.project], ...groundPairs(scene.ground),
    ...optional('home', scene.home?.path), ...optional('home_from', scene.home?.from), ['tmp_from', scene.tmpFrom], ['vartmp_from', scene.vartmpFrom],
    ...scene.readonly.map((path): Pair => ['readonly', path]),
    ...scene.silent.map((path): Pair => ['silent', path]),
    ...scene.binds.flatMap(({ from, to }): Pair[] => [['bind_from', from], ['bind_to', to]]),
    ...scene.hide.map((path): Pair => ['hide', path]), ...(scene.mask ?? []).map((path): Pair => ['mask', path]), ...(scene.deny ?? []).map((path): Pair => ['deny', path]),
    ['calls', without.includes('seccomp') ? 'all' : order.nestedSandboxes ? 'nested' : 'filtered'],
    // A user's overlay renames no folder of a lower layer, and root's none whose path is longer than 256 bytes.
    ['renames', scene.ground.backend === 'overlay' && !without.includes('seccomp') && !without.includes('folder-renames') ? 'watched' : 'plain'],
    ['landlock', without.includes('landlock') ? 'off' : without.includes('abstract-sockets') ? 'on' : 'scoped'],
  ]
}

export function limitPairs({ limits }: LaunchOrder): Pair[] {
  return [...optional('processes', limits?.processes ?? undefined), ...optional('cpus', limits?.cpus ? Math.ceil(limits.cpus) : undefined)]
}

function groundPairs(ground: Scene['ground']): Pair[] {
  if (ground.backend === 'copy') return [['backend', 'copy'], ['upper', ground.tree]]
  return [['backend', 'overlay'], ['upper', ground.upper], ['work', ground.work], ['xattrs', ground.xattrs], ...ground.parents.map((path): Pair => ['parent', path])]
}

function optional(key: string, value: string | number | undefined): Pair[] {
  return value === undefined ? [] : [[key, value]]
}
