/** The two sides of a change set: the tree as the run leaves it (after) and the tree it was laid over (before). */
import type { Root, Seen } from '../base/files.ts'
import type { Ground } from './changes.ts'
import type { BytePath } from './byte-path.ts'
import type { Wanted } from './contents.ts'

/** A directory of one layer that shows through at some path of the merged tree. */
export interface Part {
  /** 0 is the upper; the last is the project. */
  readonly layer: number
  /** Its place inside that layer, which a renamed directory keeps. */
  readonly path: BytePath
  readonly real: string
}

/** What stands at a path of one side. */
export interface Found {
  readonly layer: number
  readonly path: BytePath
  /** Where it can be read. */
  readonly real: string
  readonly seen: Seen
  /** Of a directory: what shows through, topmost first. */
  readonly parts: readonly Part[] | null
  /** A directory that may not be listed; known once it has been tried. */
  isClosed?: boolean
}

/** A path that is not the same on both sides, or may not be: contents are compared later. */
export interface Difference {
  readonly path: BytePath
  readonly before: Found | null
  readonly after: Found | null
}

/** Looks at many paths of one layer at a time, and hashes what they hold. */
export interface Lookout {
  /** The content of that file will be asked for. */
  want(found: Wanted): void
  /** What stands at each: null where nothing does, undefined where the caller has to look by itself. Contents are hashed on the way. */
  look(layer: number, places: readonly Pick<Part, 'path' | 'real'>[]): Promise<(Seen | null | undefined)[]>
}

export interface View extends AsyncDisposable {
  /** Places of layers for the helper. */
  readonly roots: readonly Root[]
  /** Number of layers; the project is the last. */
  readonly layers: number
  /** The roots of the two sides. */
  readonly tops: { readonly before: Part; readonly after: Part }
  /** Was this layer written by what the view is about, and is it not part of what was there before? */
  isOwn(layer: number): boolean
  /** The lookout hears early of every file whose content will be asked for. */
  differences(lookout: Lookout): Promise<Difference[]>
  before(path: BytePath): Promise<Found | null>
  after(path: BytePath): Promise<Found | null>
}

/** Files changed within one tick before the start carry a time stamp of before it. */
const CLOCK_TICK_NS = 10_000_000n

export function sawStart(ground: Ground): bigint {
  return ground.startedAtNs - CLOCK_TICK_NS
}
