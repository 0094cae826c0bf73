/**
 * A layer: the copy-on-write folder of one run, on the state file system.
 *
 *   <state>/layers/<run>/upper   what the run wrote over the project (overlay), or the whole copied project (copy)
 *                       /work    overlayfs' own
 *                       /home    private $HOME of the run
 *                       /tmp     private /tmp of the run
 */
import type { Backend } from '@nexus/protocol/runs'

export interface Layer {
  readonly run: string
  readonly folder: string
  readonly backend: Backend
  /** Absolute path of the project the layer covers. */
  readonly project: string
  readonly upper: string
  /** Uppers of the runs below, nearest first; the project itself is below the last. */
  readonly parents: readonly string[]
  /** Which namespace overlayfs kept its marks in: `trusted` as real root, `user` inside a user namespace. */
  readonly xattrs: 'trusted' | 'user'
  /** Of a layer just made: why not all of the home below could be taken over. */
  readonly homeLacks?: string
}
