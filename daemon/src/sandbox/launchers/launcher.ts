/** A launcher: one way to build the sandbox on this machine and start a command in it. It describes itself. */
import type { Wall } from '@nexus/protocol/runs'
import type { Launch, LaunchOrder } from '../launch.ts'
import type { Fence } from '../limits/fence.ts'
import type { Scene } from '../scene.ts'
import type { KernelWall } from '../walls.ts'

export interface Launcher {
  readonly name: 'native' | 'util-linux'
  /** The walls it puts up; a required one that is down makes a run `reduced`. */
  readonly walls: readonly Wall[]
  /** What it cannot do as well as asked; the contract suite holds it to that. */
  readonly gaps: readonly Gap[]
  /** Why it cannot be tried at all here; undefined when it can. */
  absence(): { readonly cause: string; readonly fix: string } | undefined
  launch(scene: Scene, order: LaunchOrder, around?: Surroundings): Launch
}

export interface Surroundings {
  /** Walls that this kernel does not have, as the trial found out. Any other that cannot be put up is a failure. */
  readonly without?: readonly KernelWall[]
  readonly fence?: Fence
}

/** signal: a command that died of a signal is told as exit code 128 + n. resize: a terminal keeps its first size.
 *  reopen: /dev/stdout and /dev/stderr cannot be opened again, because they are sockets. usage: CPU and memory are not told.
 *  ports: none of the sandbox's lo can be published.
 *  secrets: the command's variables are in the list of processes. */
export type Gap = 'signal' | 'resize' | 'reopen' | 'usage' | 'ports' | 'secrets'
