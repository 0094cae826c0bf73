/**
 * Reads a merged tree the way overlayfs does: whiteouts, opaque directories and redirects of every layer, so that
 * the walk follows what the run wrote and never the whole project.
 */
import { fromText, TOP, below, type BytePath } from './byte-path.ts'
import type { Breath } from './breath.ts'
import { Extent } from './extent.ts'
import type { Ground } from './changes.ts'
import type { Visit } from './doors.ts'
import type { Files, Marks, Root, Seen } from '../base/files.ts'
import type { Hidden } from './hidden.ts'
import { isWhiteout } from './seen.ts'
import { Tree } from './tree.ts'
import { Upper } from './upper.ts'
import type { Difference, Found, Lookout, Part, View } from './view.ts'

const NO_MARKS: Marks = { opaque: false, redirect: null }

export class OverlayView implements View {
  readonly roots: readonly Root[]
  readonly #ground: Ground
  readonly #files: Files
  readonly #hidden: Hidden
  readonly #breath: Breath
  readonly #visit: Visit
  readonly #tree = new Tree()
  readonly #extent = new Extent()
  /** Topmost first: the upper, the uppers of parents, the project; and what was there before. */
  readonly #sides: { readonly after: readonly Part[]; readonly before: readonly Part[] }
  readonly #own: ReadonlySet<number>
  readonly #marks = new Map<string, Marks>()
  readonly #upper: Upper
  readonly #directories = { before: new Map<BytePath, Found | null>(), after: new Map<BytePath, Found | null>() }

  private constructor(parts: { ground: Ground; files: Files; hidden: Hidden; breath: Breath; visit: Visit; roots: readonly Root[] }) {
    this.#ground = parts.ground
    this.#files = parts.files
    this.#hidden = parts.hidden
    this.#breath = parts.breath
    this.#visit = parts.visit
    this.roots = parts.roots
    const after = [parts.ground.upper, ...parts.ground.parents, parts.ground.project]
    const before = [...(parts.ground.below ?? parts.ground.parents), parts.ground.project]
    const part = (path: string): Part => {
      const real = fromText(path)
      return { layer: parts.roots.findLastIndex((root) => root.path === real), path: TOP, real }
    }
    this.#sides = { after: after.map(part), before: before.map(part) }
    this.#upper = new Upper({ ...parts, tree: this.#tree, extent: this.#extent, project: before.length === 1 ? part(parts.ground.project) : null })
    this.#own = new Set(after.filter((path) => !before.includes(path)).map((path) => part(path).layer))
  }

  static async open(parts: { ground: Ground; files: Files; hidden: Hidden; breath: Breath; visit: Visit }): Promise<OverlayView> {
    const { ground, files } = parts
    const paths = [...new Set([ground.upper, ...ground.parents, ...(ground.below ?? []), ground.project])].map(fromText)
    return new OverlayView({ ...parts, roots: await Promise.all(paths.map((path) => files.open(path))) })
  }

  get layers(): number {
    return this.roots.length
  }

  get tops(): { before: Part; after: Part } {
    const [[after], [before]] = [this.#sides.after, this.#sides.before]
    if (!after || !before) throw new Error('a view has two sides')
    return { before, after }
  }

  isOwn(layer: number): boolean {
    return this.#own.has(layer)
  }

  async differences(lookout: Lookout): Promise<Difference[]> {
    await this.#upper.read(this.tops.after, lookout)
    await this.#readMarks()
    const differences: Difference[] = []
    await this.#compare(TOP, this.#sides.after, this.#sides.before, (difference) => {
      differences.push(difference)
      for (const found of [difference.before, difference.after]) if (found && found.layer > 0) lookout.want(found)
    })
    return differences
  }

  before(path: BytePath): Promise<Found | null> {
    return this.#find(path, 'before')
  }

  after(path: BytePath): Promise<Found | null> {
    return this.#find(path, 'after')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#visit[Symbol.dispose]()
    this.#tree[Symbol.dispose]()
    await Promise.all(this.roots.map((root) => root[Symbol.asyncDispose]()))
  }

  /** Asks for all directories of the upper at once. */
  async #readMarks(): Promise<void> {
    const folders = this.#upper.folders
    const root = this.roots[0]
    if (!root || folders.length === 0) return
    const marks = await this.#files.marks(folders.map(({ part }) => ({ root, path: part.path })), this.#ground.xattrs)
    folders.forEach((folder, index) => this.#marks.set(folder.part.real, marks[index] ?? NO_MARKS))
  }

  async #marksOf(part: Part): Promise<Marks> {
    const known = this.#marks.get(part.real)
    if (known) return known
    const root = this.roots[part.layer]
    this.#enter(part)
    const [marks = NO_MARKS] = root ? await this.#files.marks([{ root, path: part.path }], this.#ground.xattrs) : []
    this.#marks.set(part.real, marks)
    return marks
  }

  /**
   * Where the after side is the before side with own layers on top, only their names can differ. Where it is
   * not (opaque, redirected, new, gone) every name of both sides is looked at.
   */
  async #compare(path: BytePath, after: readonly Part[], before: readonly Part[], found: (difference: Difference) => void): Promise<void> {
    if (sameParts(after, before)) return
    const above = after.slice(0, Math.max(0, after.length - before.length))
    const isPlain = above.length > 0 && sameParts(after.slice(above.length), before)
    const names = isPlain ? this.#union(above, []) : this.#union(after, before)
    for (const name of names) {
      const at = below(path, name)
      if (this.#hidden.has(at)) continue
      const sides = [this.#lookup(after, name), this.#lookup(before, name)] as const
      const is = sides[0] instanceof Promise ? await sides[0] : sides[0]
      const was = sides[1] instanceof Promise ? await sides[1] : sides[1]
      if (this.#breath.isDue) await this.#breath.take()
      if (!is && !was) continue
      // The very same object of a lower layer.
      if (is && was && is.real === was.real && !is.parts) continue
      found({ path: at, before: was, after: is })
      if (is?.parts || was?.parts) await this.#compare(at, is?.parts ?? [], was?.parts ?? [], found)
    }
  }

  #union(after: readonly Part[], before: readonly Part[]): Set<string> {
    const names = new Set<string>()
    for (const part of [...after, ...before]) for (const name of this.#namesIn(part)) names.add(name)
    return names
  }

  #namesIn(part: Part): Iterable<string> {
    const node = this.#upper.at(part.real)
    if (node) return node.children?.keys() ?? []
    this.#enter(part)
    return this.#tree.names(part.real) ?? []
  }

  /** The folders of layers are ours to open; those of the project are not. */
  #enter({ layer, path, real }: Part): void {
    const upper = layer < this.layers - 1 ? this.roots[layer] : undefined
    if (upper) this.#visit.enter({ upper: upper.path, path }, real)
  }

  #seenIn(part: Part, name: string): { seen: Seen; part: Part } | null {
    const node = this.#upper.at(part.real)
    if (node) return node.children?.get(name) ?? null
    this.#enter(part)
    const real = this.#tree.child(part.real, name)
    const ahead = part.layer === this.layers - 1 ? this.#upper.ahead(real) : undefined
    const seen = ahead === undefined ? this.#visit.look(real) : ahead
    return seen && { seen, part: { layer: part.layer, path: below(part.path, name), real } }
  }

  /** A name in a merged directory. Synchronous for everything but directories, which are the few. */
  #lookup(parts: readonly Part[], name: string): Found | null | Promise<Found | null> {
    for (const [index, part] of parts.entries()) {
      const child = this.#seenIn(part, name)
      if (!child) continue
      if (isWhiteout(child.seen)) return null
      if (child.seen.type !== 'directory') return { layer: part.layer, path: child.part.path, real: child.part.real, seen: child.seen, parts: null }
      return this.#gather(parts, index, name, child)
    }
    return null
  }

  /** A directory: what else of the layers below shows through it. */
  async #gather(parts: readonly Part[], from: number, name: string, top: { seen: Seen; part: Part }): Promise<Found> {
    const gathered: Part[] = []
    let wanted = name
    for (let index = from; index < parts.length; index++) {
      const part = parts[index]
      const child = part && (index === from ? top : this.#seenIn(part, wanted))
      if (!child) continue
      if (child.seen.type !== 'directory') break
      if (!this.#add(gathered, child.part)) break
      const { opaque, redirect } = await this.#marksOf(child.part)
      if (opaque) break
      if (redirect?.startsWith('/')) {
        gathered.push(...(await this.#follow(redirect, this.#topsBelow(child.part.layer))))
        break
      }
      wanted = redirect ?? wanted
    }
    const isClosed = this.#upper.at(top.part.real)?.children === null
    return { layer: top.part.layer, path: top.part.path, real: top.part.real, seen: top.seen, parts: gathered, ...(isClosed ? { isClosed } : {}) }
  }

  /** Adds a directory that shows through; false when nothing below it can. */
  #add(gathered: Part[], part: Part): boolean {
    const isProject = part.layer === this.layers - 1
    if (!(isProject && (this.#hidden.isMount(part.path) || this.#hidden.has(part.path)))) gathered.push(part)
    return !isProject
  }

  /** An absolute redirect starts again at the root of each layer below, and may be redirected on the way. */
  async #follow(redirect: string, tops: readonly Part[]): Promise<Part[]> {
    const gathered: Part[] = []
    let wanted = redirect.split('/').filter((name) => name !== '')
    for (const top of tops) {
      let part: Part | null = top
      let isLast = false
      let next: string[] = []
      for (const name of wanted) {
        const child: { seen: Seen; part: Part } | null = this.#seenIn(part, name)
        if (!child || child.seen.type !== 'directory') {
          isLast ||= child !== null
          part = null
          break
        }
        part = child.part
        next.push(name)
        if (part.layer === this.layers - 1) continue
        const marks = await this.#marksOf(part)
        isLast ||= marks.opaque
        if (marks.opaque || marks.redirect === null) continue
        if (marks.redirect.startsWith('/')) next = marks.redirect.split('/').filter((part) => part !== '')
        else next[next.length - 1] = marks.redirect
      }
      if (part && !this.#add(gathered, part)) break
      if (isLast) break
      if (part) wanted = next
    }
    return gathered
  }

  /** A layer of both sides has the same below it on both. */
  #topsBelow(layer: number): readonly Part[] {
    const { after, before } = this.#sides
    const side = after.some((top) => top.layer === layer) ? after : before
    return side.slice(1 + side.findIndex((top) => top.layer === layer))
  }

  async #find(path: BytePath, side: 'before' | 'after'): Promise<Found | null> {
    const tops = this.#sides[side]
    const slash = path.lastIndexOf('/')
    const parts = slash < 0 ? tops : (await this.#directory(path.slice(0, slash) as BytePath, side))?.parts
    return parts ? await this.#lookup(parts, path.slice(slash + 1)) : null
  }

  async #directory(path: BytePath, side: 'before' | 'after'): Promise<Found | null> {
    const known = this.#directories[side].get(path)
    if (known !== undefined) return known
    const found = await this.#find(path, side)
    this.#directories[side].set(path, found)
    return found
  }
}

function sameParts(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every((part, index) => part.real === b[index]?.real)
}
