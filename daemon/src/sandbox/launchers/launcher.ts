/** A launcher: one way to build the sandbox on this machine and start a command in it. It describes itself. */
import type { Wall } from '@nexus/protocol/runs'
import type { Launch, LaunchOrder } from '../launch.ts'
import type { Scene } from '../scene.ts'

export interface Launcher {
  readonly name: 'native' | 'util-linux'
  /** The walls it puts up; a required one that is down makes a run `reduced`. */
  readonly walls: readonly Wall[]
  /** Why it cannot be tried at all here; undefined when it can. */
  absence(): { readonly cause: string; readonly fix: string } | undefined
  launch(scene: Scene, order: LaunchOrder): Launch
}
