/**
 * The sandbox: runs a command where it can do no harm. Mechanism only; it knows nothing of approval or policy.
 * Always true here: nothing outside the layer's folder is written; there is no execution on the host; a weaker
 * sandbox is never chosen silently (the choice names its strength, and who asks decides).
 */
import type { Backend, Strength, Wall } from '@nexus/protocol/runs'
import type { Outside } from '@nexus/protocol/changes'
import type { Probe } from '@nexus/protocol/system'
import type { Launch, LaunchOrder } from './launch.ts'
import type { Gap } from './launchers/launcher.ts'
import type { Layer } from './layer.ts'

export { createSandbox, type SandboxParts } from './local-sandbox.ts'
export { environmentInside } from './environment.ts'

export interface Choice {
  readonly backend: Backend
  readonly launcher: 'native' | 'util-linux'
  readonly strength: Strength
  readonly walls: readonly Wall[]
  /** What this launcher cannot do as well as asked. */
  readonly lacks?: readonly Gap[]
  /** Set when `auto` had to take something weaker than the best back end for this project: why. */
  readonly cause?: string
}

export interface Sandbox {
  /** Tries every back end with a real mini-sandbox; remembered until asked for `fresh`. */
  probe(fresh?: boolean): Promise<Probe[]>
  /** Picks launcher and back end for a project. Throws Problem `sandbox-unavailable` or `backend-unavailable`. */
  choose(backend: 'auto' | Backend, project: string): Promise<Choice>
  /** A path of others in a project where a user's overlay cannot change it, found too late to choose another back end. */
  foreignIn(project: string): string | undefined
  /** Makes the folders of a new layer (and, for `copy`, the copy). `parents`: nearest first. An abort ends the copy and removes what there is. */
  open(run: string, project: string, choice: Choice, parents: readonly string[], signal?: AbortSignal): Promise<Layer>
  launch(layer: Layer, choice: Choice, order: LaunchOrder): Launch
  /** Ends what an earlier daemon left running in layers; returns the processes that would not end. */
  endLeftovers(): Promise<number[]>
  /** What a run left in its private home and /tmp. */
  outside(layer: Layer): Promise<Outside[]>
  /** Removes the layer's folder, also overlayfs' mode-000 work directory. Absent is fine. */
  discard(folder: string): Promise<void>
}
