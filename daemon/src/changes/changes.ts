/**
 * Changes: what a layer would do to the host, and the only code that does it.
 * Always true here: the host is written only by apply and rollback, journalled; every step is anchored at directory
 * descriptors below the project; a host that is not what the run saw is a conflict, never an overwrite.
 */
import type { Change, Conflict, OpenConflict, Resolved } from '@nexus/protocol/changes'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Progress } from '@nexus/protocol/run-output'
import { openChanges } from './open.ts'

/** What the room is built from. */
export interface ChangesParts {
  /** The compiled helper; null: Node alone, with modification times cut to microseconds and no extended attributes. */
  readonly nativePath: string | null
  /** The state folder: journals in `applies`, pre-images in `backups`. */
  readonly state: string
  /** Milliseconds since the epoch, for the journal. */
  readonly now: () => number
  /** Makes room on a full disk and tries once more: what has begun must be able to end. */
  readonly relieved?: <Result>(work: () => Result) => Result
  /** Tests stop the world here: called with the name of every journal step, before it is taken. */
  readonly fault?: (step: string) => void | Promise<void>
}

/** Opens the room; disposing it ends the helper. */
export function createChanges(parts: ChangesParts): Promise<Changes & AsyncDisposable> {
  return openChanges(parts)
}

/** What a change set is measured against. */
export interface Ground {
  readonly project: string
  readonly backend: 'overlay' | 'copy'
  readonly upper: string
  /** Uppers of the runs below, nearest first. */
  readonly parents: readonly string[]
  /**
   * Uppers that were there before, nearest first: `parents`, unless several runs of a stack are looked at as one. Then
   * what the nearest of them left is compared with what the farthest found.
   */
  readonly below?: readonly string[]
  readonly xattrs: 'trusted' | 'user'
  /** When the command started, ns since the epoch: a changed lower path with a later ctime is `base-moved`. */
  readonly startedAtNs: bigint
  /** The packs of what the run saw (before.ts), and those combined with it; they may not be there yet, or never. */
  readonly before?: readonly string[]
}

export interface ChangeSet {
  /** Sorted by path bytes. */
  readonly changes: readonly Change[]
  /** Hex sha256 of the canonical [{path, kind, from, before, after}]. */
  readonly digest: string
}

export interface ApplyOrder {
  readonly run: string
  readonly ground: Ground
  readonly changeSet: ChangeSet
  /** The changes to carry out: all of changeSet.changes or some of them. */
  readonly selected: readonly Change[]
  /** True when a person named the paths: allows `hardlink`. */
  readonly named: boolean
  /** How conflicts were settled, when `changeSet` is a proposal. */
  readonly resolution?: Merging
  readonly report?: Report
}

/** Told of every batch of paths. */
export type Report = (progress: Progress) => void

export interface RollbackOrder {
  readonly run: string
  readonly project: string
  readonly report?: Report
}

/** What a proposal needs to be carried out, besides its change set. */
export interface Merging {
  /** Paths whose content was merged; it lies in `folder`, under mergedName. */
  readonly merged: readonly Bytes[]
  readonly folder: string
  /** Paths where a person chose the run's version: their hard links may be broken. */
  readonly taken: readonly Bytes[]
}

export interface MergeOrder extends Omit<ApplyOrder, 'run' | 'resolution' | 'report'> {
  readonly choices: readonly Resolved[]
  /** Merge what merges cleanly and is not named in `choices`; false: only look. */
  readonly merges: boolean
  /** Leave out what is neither named in `choices` nor merges cleanly. */
  readonly skipRest: boolean
  /** Where merged contents are put: a folder of their own, emptied first. */
  readonly folder: string
  readonly nowMs: number
  /** Show the conflicts that are left with their diffs. */
  readonly patches: boolean
}

/** The conflicts of an apply, settled as chosen. Nothing is written to the host. */
export interface Proposal {
  /** Null while conflicts are left; then there are no changes. */
  readonly digest: string | null
  readonly changes: readonly Change[]
  readonly conflicts: readonly OpenConflict[]
  readonly resolved: readonly Resolved[]
  /** From the host to what would be written, of what was resolved. */
  readonly patch: string
  readonly merged: readonly Bytes[]
  readonly taken: readonly Bytes[]
  /** Paths where the host's version stays for good. */
  readonly kept: readonly Bytes[]
}

export interface Outcome {
  readonly applied: readonly Bytes[]
  /** Not empty: nothing was written. */
  readonly conflicts: readonly Conflict[]
}

/** One journal found at start, and what became of it. */
export interface Recovered {
  readonly run: string
  readonly direction: 'apply' | 'rollback'
  readonly ended: 'finished' | 'undone' | 'stuck'
  readonly paths: readonly Bytes[]
  readonly conflicts: readonly Conflict[]
}

/** What one journal says of the host. */
export interface HostWrite {
  readonly run: string
  readonly project: string
  readonly direction: 'apply' | 'rollback'
  /** When it ended, else when it began to write. */
  readonly at: number
  /** `open`: it has no end yet. */
  readonly end: 'done' | 'undone' | 'open'
  readonly paths: readonly Bytes[]
}

export interface Changes {
  survey(ground: Ground, signal?: AbortSignal): Promise<ChangeSet>
  /** Whether folders of an upper of real root show what lies elsewhere below it: it is whole only over what it was made over. */
  hasRedirects(upper: string): Promise<boolean>
  /** The change sets of a stack as one, nearest the host first; `ground` has `below`. What comes and goes again is no change. */
  combine(ground: Ground, sets: readonly (readonly Change[])[]): Promise<ChangeSet>
  /**
   * Fills the empty folder `to` with what the layers of `ground` are together: laid over the project it shows the same. They
   * must not change any more. Rejects where that cannot be; then they go on as they are.
   */
  squash(ground: Ground, to: string): Promise<void>
  /** Unified text diff of the given changes; binary and metadata changes as one-line notes. */
  patch(ground: Ground, changes: readonly Change[], options?: { maxBytes?: number }): Promise<string>
  apply(order: ApplyOrder): Promise<Outcome>
  /** What the run saw of the texts that it changed: kept, they make three-way merges possible. */
  pack(ground: Ground, changes: readonly Change[], signal?: AbortSignal): Promise<Buffer>
  /** Looks at the host and settles what an apply would meet there. */
  propose(order: MergeOrder): Promise<Proposal>
  /** Undoes an applied run from its pre-images, newest apply first; conflicts where the host is no longer `after`. */
  rollback(order: RollbackOrder): Promise<Outcome>
  /**
   * Finishes or undoes every interrupted apply and rollback, and tells of finished ones that were never noted. Runs
   * before the daemon listens; later, `unnoted` names runs whose end was told but could not be noted.
   */
  recover(unnoted?: ReadonlySet<string>): Promise<Recovered[]>
  /** The caller has written down how the apply or rollback of this run ended: recovery need not tell it any more. */
  noted(run: string): void
  /** Forgets the pre-images and journals of a run, unless one of them is still open. The caller notes it first: this room then knows of no apply. */
  dropBackups(run: string): Promise<void>
  /** The applies and rollbacks whose journal says that they wrote to the host at that time or later, oldest first; ms since the epoch. */
  writtenSince(at: number): HostWrite[]
  /** Removes staging folders in a project whose apply or rollback has ended. How many; `dryRun` only counts. */
  sweepStages(project: string, dryRun: boolean): Promise<number>
}
