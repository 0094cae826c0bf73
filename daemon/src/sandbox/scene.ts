/** The scene: everything a command finds inside, said once and set up by any launcher. */
import type { Backend } from '@nexus/protocol/runs'

export interface Scene {
  /** The layer's own folder: a launcher may prepare things below `stage` in it. */
  readonly folder: string
  /** Absolute path of the project, outside and inside. */
  readonly project: string
  readonly ground: Ground
  /** The private home and where it is kept; undefined when $HOME does not exist outside either. */
  readonly home?: { readonly path: string; readonly from: string }
  readonly tmpFrom: string
  readonly vartmpFrom: string
  /** Host folders shown read-only at their own path: toolchains below the home, mounts below the project. */
  readonly readonly: readonly string[]
  /** Host folders, outer ones first, that are shown so that no socket, pipe or lock of the host is in them; those of `readonly`, too. */
  readonly silent: readonly string[]
  /** Folders of the state that a run may write: package caches. */
  readonly binds: readonly { readonly from: string; readonly to: string }[]
  /** Files and folders that are empty inside. */
  readonly hide: readonly string[]
  /** Files of the project that read as empty, and such as cannot be opened. */
  readonly mask?: readonly string[]
  readonly deny?: readonly string[]
}

/** What lies at the project's path. */
export type Ground =
  | { readonly backend: Backend & 'overlay'; readonly upper: string; readonly work: string; readonly parents: readonly string[]; readonly xattrs: 'trusted' | 'user' }
  | { readonly backend: Backend & 'copy'; readonly tree: string }
