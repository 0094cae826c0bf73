/**
 * The plan of an apply or rollback: per path what the host has and what it will have. The same engine carries out both
 * directions; a rollback is a plan whose sides are swapped and whose contents come from the pre-images.
 */
import type { Signature } from '@nexus/protocol/changes'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Place } from '../base/files.ts'
import { depthOf, type BytePath } from './byte-path.ts'
import { sameTarget } from './survey.ts'

/**
 * `create`: nothing is there yet. `replace`: a file or link gives way to one. `exchange`: a directory and something
 * else trade places. `meta`: only mode, owner and times. `remove`: nothing will be there.
 */
export type How = 'create' | 'replace' | 'exchange' | 'meta' | 'remove'

export interface Step {
  readonly path: BytePath
  /** What the host has, times and owner included: a rollback restores exactly this. */
  readonly before: Signature | null
  readonly after: Signature | null
  readonly how: How
  /** The extended attributes change as well. */
  readonly attributes: boolean
  /** The step whose staged file this one shares (hard links), by position. */
  readonly twin?: number
  /** Device and inode on the host, of hard-linked files: restored together they share again. */
  readonly inode?: string
  /** Of a git index, what `after` says (git-index.ts): a rollback does not mind that git refreshed it since. */
  readonly entries?: string
}

/** A directory that stays and whose entries change: its mode and time are set at the end. */
export interface Folder {
  readonly path: BytePath
  readonly before: { readonly mode: number; readonly mtimeNs: bigint }
  readonly after: { readonly mode: number; readonly mtimeNs: bigint }
}

export interface Plan {
  readonly run: string
  readonly direction: 'apply' | 'rollback'
  readonly project: string
  readonly digest: string
  /** The paths that this decides, as the change set names them. */
  readonly paths: readonly Bytes[]
  readonly steps: readonly Step[]
  readonly folders: readonly Folder[]
  /** The journals that a rollback takes back. */
  readonly undoes: readonly string[]
}

/** Where a content can be taken from. */
export interface Origin {
  readonly place: Place
  /** A pre-image, which is of no more use once it is back: the very file can be put back, as another name of it. */
  readonly isPreImage: boolean
}

/** Where the content of a step comes from; null for what is made of the signature alone. */
export type Source = (step: Step, index: number) => Origin | null

export function howOf(before: Signature | null, after: Signature | null, options: { attributes: boolean; isLinked: boolean }): How {
  if (!before) return 'create'
  if (!after) return 'remove'
  if (before.type !== after.type) return before.type === 'directory' || after.type === 'directory' ? 'exchange' : 'replace'
  if (after.type === 'directory') return 'meta'
  const sameContent = before.sha256 === after.sha256 && sameTarget(before, after)
  return sameContent && !(after.type === 'file' && (options.attributes || options.isLinked)) ? 'meta' : 'replace'
}

/** The staged object of a step is moved to its path. */
export function isStaged(step: Step): boolean {
  return step.how === 'create' || step.how === 'replace' || step.how === 'exchange' || (step.how === 'meta' && step.attributes)
}

export function isFolder(signature: Signature | null): boolean {
  return signature?.type === 'directory'
}

/** Directories appear from the top, things leave from the bottom, and a directory gives way once it is empty. */
export function orderOf(steps: readonly Step[]): { readonly step: Step; readonly index: number }[] {
  const phase = ({ how, before, after }: Step) => {
    if (how === 'create' || how === 'exchange') return isFolder(after) ? 0 : how === 'create' ? 1 : 4
    if (how === 'remove') return 3
    return how === 'replace' ? 1 : isFolder(before) ? 5 : 2
  }
  return steps.map((step, index) => ({ step, index, phase: phase(step), depth: depthOf(step.path) })).sort((a, b) =>
    a.phase - b.phase || (a.phase >= 3 ? b.depth - a.depth : a.depth - b.depth) || a.index - b.index)
}

/** The way back: the same steps with their sides swapped. */
export function reversed(step: Step): Step {
  const { twin: _, ...rest } = step
  return {
    ...rest, before: step.after, after: step.before,
    how: howOf(step.after, step.before, { attributes: step.attributes, isLinked: step.how === 'replace' }),
  }
}

/** A step with its position in the plan, by which its objects are named. */
export interface IndexedStep {
  readonly step: Step
  readonly index: number
}

export function pathOfStep({ step }: IndexedStep): BytePath {
  return step.path
}

export function isBackedUp({ before, how, attributes }: Step): boolean {
  if (before?.type === 'file') return how !== 'meta'
  return isFolder(before) && (how !== 'meta' || attributes)
}
