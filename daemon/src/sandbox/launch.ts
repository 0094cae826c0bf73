/** One command started in a layer: its order, its life, its end. Knows nothing of approval. */
import type { Duplex } from 'node:stream'
import type { Port } from '@nexus/protocol/ports'
import type { Breach, Usage } from '@nexus/protocol/runs'

/** Null: no limit. */
export interface LaunchLimits {
  readonly memoryBytes: number | null
  readonly processes: number | null
  readonly cpus: number | null
  readonly diskBytes: number | null
  /** Names in the layer, the private home and /tmp. */
  readonly files: number | null
}

export interface LaunchOrder {
  /** argv, already turned into `bash -c` where the caller gave a shell line. */
  readonly argv: readonly string[]
  readonly cwd: string
  /** The whole environment of the command; nothing of the daemon's own leaks in. */
  readonly env: Readonly<Record<string, string>>
  readonly umask: number
  /** A home that stays from run to run, instead of the layer's own. */
  readonly home?: string
  readonly net: 'off' | 'on'
  /** With net off: ports of the sandbox's own lo where somebody outside answers, and who. The command does not start before they stand. */
  readonly doors?: { readonly ports: readonly number[]; attend(channel: Duplex): void }
  /** Files of the project that are empty inside, as absolute paths; that is no change. */
  readonly mask?: readonly string[]
  /** The same, but to open one is EACCES. */
  readonly deny?: readonly string[]
  readonly timeoutMs?: number
  readonly limits?: LaunchLimits
  /** False: the command reads /dev/null. */
  readonly stdin: boolean
  /** The command may make user namespaces: browsers and container tools build sandboxes of their own with them. */
  readonly nestedSandboxes?: boolean
  readonly pty?: { readonly rows: number; readonly cols: number }
}

export interface EveryEnd {
  readonly durationMs: number
  readonly usage: Usage | null
  /** Processes that wait inside the kernel and did not end although they were killed, as `PID NAME (STATE)`. */
  readonly stuck?: readonly string[]
}

export type LaunchEnd = EveryEnd & (
  | { readonly type: 'exited'; readonly exitCode: number }
  | { readonly type: 'signalled'; readonly signal: string; readonly signalNumber: number }
  | { readonly type: 'timed-out' }
  | { readonly type: 'killed' }
  | { readonly type: 'limited'; readonly breach: Breach }
  /** The program named by argv[0] cannot be executed inside (exit code 127 or 126). */
  | { readonly type: 'not-found'; readonly exitCode: 126 | 127; readonly cause: string }
  /** The sandbox itself could not be set up; nothing of the command ran. `errno` where the system gave one. */
  | { readonly type: 'failed'; readonly step: string; readonly cause: string; readonly errno?: number }
)

export interface Launch {
  readonly pid: number
  /** Calls back for every chunk in arrival order; on a pty everything is stdout. Called before any chunk is lost. */
  onOutput(listener: (stream: 'stdout' | 'stderr', chunk: Buffer) => void): void
  /**
   * While held, the command's output is hardly read: its pipes fill and it waits, as for a slow reader. A little is still
   * taken now and then, so that a pipe is never taken for jammed. Ends with the command.
   */
  hold(isHeld: boolean): void
  /** Resolves when the chunk was handed to the command's pipe (back-pressure); rejects never: a closed pipe drops it. */
  write(chunk: Uint8Array): Promise<void>
  endInput(): void
  resize(rows: number, cols: number): void
  /** Programs of this machine reach that port inside at 127.0.0.1 from now on; 0, or the errno of why not. */
  publish(port: Port): Promise<number>
  /** No new ones come; 0, or an errno. */
  withdraw(host: number): Promise<number>
  /** Asks everything inside to end (SIGTERM). What ends so has ended by itself. */
  terminate(): void
  /** Ends everything inside at once (SIGKILL to the sandbox's pid 1). */
  kill(): void
  /** Settles within a second of the command's exit, even when children hold the pipes. Never rejects. */
  readonly ended: Promise<LaunchEnd>
}
