/**
 * The view of the `copy` back end: the layer is a whole tree. What the run never touched has an older ctime than its
 * start and is skipped; everything else is compared with what was copied.
 */
import { fromText, TOP, below, type BytePath } from './byte-path.ts'
import type { Breath } from './breath.ts'
import { Extent } from './extent.ts'
import type { Ground } from './changes.ts'
import type { Visit } from './doors.ts'
import type { Files, Root, Seen } from '../base/files.ts'
import type { Hidden } from './hidden.ts'
import { Tree } from './tree.ts'
import { sawStart, type Difference, type Found, type Lookout, type Part, type View } from './view.ts'

export class CopyView implements View {
  readonly roots: readonly Root[]
  readonly #ground: Ground
  readonly #hidden: Hidden
  readonly #breath: Breath
  readonly #visit: Visit
  readonly #tree = new Tree()
  readonly #extent = new Extent()

  private constructor(parts: { ground: Ground; hidden: Hidden; breath: Breath; visit: Visit; roots: readonly Root[] }) {
    this.#ground = parts.ground
    this.#hidden = parts.hidden
    this.#breath = parts.breath
    this.#visit = parts.visit
    this.roots = parts.roots
  }

  static async open(parts: { ground: Ground; files: Files; hidden: Hidden; breath: Breath; visit: Visit }): Promise<CopyView> {
    const { ground, files } = parts
    const paths = [ground.upper, lowerOf(ground)].map(fromText)
    return new CopyView({ ...parts, roots: await Promise.all(paths.map((path) => files.open(path))) })
  }

  /** The lower is the project, or the parent's whole copy: then nothing can have moved under the run. */
  get layers(): number {
    return lowerOf(this.#ground) === this.#ground.project ? 2 : 3
  }

  get tops(): { before: Part; after: Part } {
    const [after, before] = this.roots
    return { before: { layer: 1, path: TOP, real: before?.path ?? '' }, after: { layer: 0, path: TOP, real: after?.path ?? '' } }
  }

  isOwn(layer: number): boolean {
    return layer === 0
  }

  async differences(lookout: Lookout): Promise<Difference[]> {
    const differences: Difference[] = []
    await this.#compare(TOP, this.#at(0, TOP), this.#at(1, TOP), false, (difference) => {
      differences.push(difference)
      for (const found of [difference.before, difference.after]) if (found) lookout.want(found)
    })
    return differences
  }

  async before(path: BytePath): Promise<Found | null> {
    return this.#at(1, path)
  }

  async after(path: BytePath): Promise<Found | null> {
    return this.#at(0, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#visit[Symbol.dispose]()
    this.#tree[Symbol.dispose]()
    await Promise.all(this.roots.map((root) => root[Symbol.asyncDispose]()))
  }

  /**
   * `mayHaveMoved`: a directory above was touched, so it may be another one than the one copied to this path, and its
   * contents say nothing by their ctime: they are compared in full.
   */
  async #compare(path: BytePath, after: Found | null, before: Found | null, mayHaveMoved: boolean, found: (difference: Difference) => void): Promise<void> {
    const isFolder = after?.parts ? after : null
    const wasFolder = before?.parts ? before : null
    const isTouched = !isFolder || this.#isTouched(isFolder.seen)
    const names = new Set([...(isFolder ? this.#names(isFolder) : []), ...(wasFolder ? this.#names(wasFolder) : [])])
    for (const name of names) {
      const at = below(path, name)
      if (this.#hidden.has(at) || this.#hidden.isMount(at)) continue
      if (this.#breath.isDue) await this.#breath.take()
      const is = isFolder && this.#child(isFolder, name)
      const was = wasFolder && this.#child(wasFolder, name)
      if (!is && !was) continue
      // A directory that the run never touched lost no entry: this one came to the host later.
      if (!is && !isTouched && !mayHaveMoved) continue
      const isUntouched = is !== null && !mayHaveMoved && !this.#isTouched(is.seen)
      if (!isUntouched) this.#extent.add(at)
      if (!isUntouched) found({ path: at, before: was, after: is })
      if (is?.parts || was?.parts) await this.#compare(at, is, was, mayHaveMoved || !is?.parts || this.#isTouched(is.seen), found)
    }
  }

  #isTouched(seen: Seen): boolean {
    return seen.ctimeNs >= sawStart(this.#ground)
  }

  #names(folder: Found): string[] {
    this.#enter(folder.layer, folder.path, folder.real)
    const names = this.#tree.names(folder.real)
    if (!names) folder.isClosed = true
    return names ?? []
  }

  #child(folder: Found, name: string): Found | null {
    return this.#found(folder.layer, below(folder.path, name), this.#tree.child(folder.real, name))
  }

  #at(root: 0 | 1, path: BytePath): Found | null {
    const top = this.roots[root]?.path ?? ''
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash) as BytePath
      this.#enter(root, folder, this.#tree.at(top, folder))
    }
    return this.#found(root, path, this.#tree.at(top, path))
  }

  /** The folders of layers are ours to open; those of the project are not. */
  #enter(layer: number, path: BytePath, real: string): void {
    const upper = layer < this.layers - 1 ? this.roots[layer] : undefined
    if (upper) this.#visit.enter({ upper: upper.path, path }, real)
  }

  #found(layer: number, path: BytePath, real: string): Found | null {
    const seen = this.#visit.look(real)
    if (!seen) return null
    return { layer, path, real, seen, parts: seen.type === 'directory' ? [{ layer, path, real }] : null }
  }
}

function lowerOf({ parents, below = parents, project }: Ground): string {
  return below[0] ?? project
}
