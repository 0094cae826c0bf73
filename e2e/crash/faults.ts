/** The fault layer of a test: the unmodified daemon and helper, with every change of a file counted, and one of them fatal. */
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync, readSync, truncateSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../nexus.ts'

/** What kind of call it is; the bits of `kinds`. `space`: what a full disk refuses. */
export const KINDS = { space: 1, name: 2, meta: 4, sync: 8 } as const
const EVERY_KIND = 15
/** Which tree it changes; the bits of `where`. */
export const PLACES = { project: 1, state: 2 } as const
const EVERYWHERE = 3

/** `kill`: SIGKILL before the call. `torn`: half of a write is made, then SIGKILL. `helper`: SIGKILL for the helper alone. `hold`: the call waits for `release`. */
export type Fault =
  | { readonly type: 'kill' | 'torn' | 'helper'; readonly at: number }
  | { readonly type: 'hold'; readonly at: number; readonly where?: number; readonly kinds?: number; readonly ending?: string }
  | { readonly type: 'fail'; readonly at: number; readonly error: keyof typeof constants.errno; readonly times?: number; readonly where?: number; readonly kinds?: number; readonly ending?: string }

/** One change of a file, in the order made. */
export interface Moment {
  readonly number: number
  readonly by: 'daemon' | 'helper'
  readonly call: string
  /** One character per byte. */
  readonly path: string
  readonly other: string
  /** Negative: the errno. */
  readonly result: number
  readonly a: number
  readonly b: number
  readonly data: string
}

// The layout of `struct control` in fault.c.
const FIELDS = ['armed', 'action', 'at', 'times', 'kinds', 'where', 'error', 'record', 'count', 'held', 'daemon', 'fired'] as const
const TEXTS = { project: 48, state: 48 + 1024, trace: 48 + 2048, ending: 48 + 3072 } as const
const CONTROL_BYTES = 48 + 3072 + 256
const ACTIONS = { nothing: 0, kill: 1, torn: 2, fail: 3, hold: 4, helper: 5 } as const

/** The compiled shim, or null without a C compiler. One per test file; `remove` at its end. */
export class Shim implements Disposable {
  readonly folder: string
  readonly library: string

  private constructor(folder: string) {
    this.folder = folder
    this.library = join(folder, 'fault.so')
  }

  static compile(): Shim | null {
    const shim = new Shim(mkdtempSync(join(tmpdir(), 'nexus-shim-')))
    try {
      execFileSync('gcc', ['-O1', '-fPIC', '-shared', '-Wno-nonnull-compare', '-o', shim.library, join(root, 'e2e/crash/fault.c'), '-ldl'], { stdio: ['ignore', 'ignore', 'inherit'] })
      execFileSync('chmod', ['-R', 'a+rX', shim.folder])
      return shim
    } catch (error) {
      shim[Symbol.dispose]()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export class Faults implements Disposable {
  /** What the environment of the client needs so that the daemon it starts is watched. */
  readonly env: Record<string, string>
  readonly #control: number
  readonly #trace: string

  /** `native`: false leaves the daemon without its helper. */
  constructor(shim: Shim, folder: string, options: { native: boolean }) {
    const control = join(folder, 'fault-control')
    this.#trace = join(folder, 'fault-trace')
    writeFileSync(control, Buffer.alloc(CONTROL_BYTES))
    writeFileSync(this.#trace, '')
    // The daemon may be somebody else's.
    for (const file of [control, this.#trace]) chmodSync(file, 0o666)
    this.#control = openSync(control, 'r+')
    this.#text('trace', this.#trace)
    const wrapper = join(folder, 'nexus-native')
    const helper = join(root, 'daemon/dist/nexus-native')
    // The daemon gives its helper an empty environment.
    writeFileSync(wrapper, `#!/bin/sh\nif [ "$1" = files ]; then FAULT_CONTROL='${control}' LD_PRELOAD='${shim.library}' exec '${helper}' "$@"; fi\nexec '${helper}' "$@"\n`, { mode: 0o755 })
    this.env = { LD_PRELOAD: shim.library, FAULT_CONTROL: control, NEXUS_NATIVE: options.native ? wrapper : '/nonexistent' }
  }

  /** Which trees are watched. */
  watch(project: string, state: string): void {
    this.#text('project', project)
    this.#text('state', state)
  }

  /** From now on changes are counted, from 1, and the fault waits for its moment. */
  arm(fault?: Fault, options: { record?: boolean } = {}): void {
    this.#set('armed', 0)
    truncateSync(this.#trace, 0)
    for (const field of ['count', 'held', 'fired'] as const) this.#set(field, 0)
    this.#set('record', options.record ? 1 : 0)
    this.#set('action', ACTIONS[fault?.type ?? 'nothing'])
    this.#set('at', fault?.at ?? 0)
    const wide = fault?.type === 'fail' || fault?.type === 'hold' ? fault : undefined
    this.#set('where', wide?.where ?? EVERYWHERE)
    this.#set('kinds', wide?.kinds ?? EVERY_KIND)
    this.#text('ending', wide?.ending ?? '')
    this.#set('error', fault?.type === 'fail' ? constants.errno[fault.error] : 0)
    this.#set('times', fault?.type === 'fail' ? (fault.times ?? 1) : 0)
    this.#set('armed', 1)
  }

  disarm(): void {
    this.#set('armed', 0)
  }

  /** The number of the moment at which the fault came; 0: it has not. */
  get fired(): number {
    return this.#get('fired')
  }

  /** The daemon that is watched, by its process id. */
  get daemon(): number {
    return this.#get('daemon')
  }

  /** Waits until the held call is waiting. */
  async held(signal: AbortSignal): Promise<void> {
    while (this.#get('held') !== 1) await sleep(2, undefined, { signal })
  }

  release(): void {
    this.#set('held', 2)
  }

  trace(): Moment[] {
    if (!existsSync(this.#trace)) return []
    const lines = readFileSync(this.#trace, 'latin1').split('\n').filter((line) => line !== '')
    return lines.map(momentOf).sort((one, other) => one.number - other.number)
  }

  [Symbol.dispose](): void {
    closeSync(this.#control)
  }

  #set(field: (typeof FIELDS)[number], value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    writeSync(this.#control, bytes, 0, 4, 4 * FIELDS.indexOf(field))
  }

  #get(field: (typeof FIELDS)[number]): number {
    const bytes = Buffer.alloc(4)
    readSync(this.#control, bytes, 0, 4, 4 * FIELDS.indexOf(field))
    return bytes.readInt32LE()
  }

  #text(field: keyof typeof TEXTS, text: string): void {
    const bytes = Buffer.from(`${text}\0`)
    writeSync(this.#control, bytes, 0, bytes.length, TEXTS[field])
  }
}

function momentOf(line: string): Moment {
  const [number = '', by = '', call = '', path = '', other = '', result = '', a = '', b = '', data = ''] = line.split('\t')
  return { number: Number(number), by: by === 'h' ? 'helper' : 'daemon', call, path: bytesOf(path), other: bytesOf(other), result: Number(result), a: Number(a), b: Number(b), data }
}

function bytesOf(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)))
}
