/**
 * The upper of an overlay, read once and whole: the helper looks at the names of a folder, and at what stood below each of
 * them in the project, while this goes on with the next.
 */
import type { Root, Seen } from '../base/files.ts'
import type { Breath } from './breath.ts'
import { below } from './byte-path.ts'
import type { Visit } from './doors.ts'
import type { Extent } from './extent.ts'
import type { Hidden } from './hidden.ts'
import { isNear, type Tree } from './tree.ts'
import type { Lookout, Part } from './view.ts'

/** A path of the upper. */
export interface Node {
  readonly seen: Seen
  readonly part: Part
  /** Null for what is no directory, and for a directory that may not be read. */
  children: Map<string, Node> | null
}

export interface UpperParts {
  readonly hidden: Hidden
  readonly breath: Breath
  readonly visit: Visit
  readonly tree: Tree
  readonly extent: Extent
  readonly roots: readonly Root[]
  /** Where all stands that was there before; null where other layers are in between. */
  readonly project: Part | null
}

/** So many folders of one are begun before other work is let in. */
const TOGETHER = 64

export class Upper {
  readonly #parts: UpperParts
  /** Directories by where they can be read. */
  readonly #nodes = new Map<string, Node>()
  /** What the project has at paths of the upper. */
  readonly #ahead = new Map<string, Seen | null>()
  #top: Node | undefined

  constructor(parts: UpperParts) {
    this.#parts = parts
  }

  /** The directory that was read there. */
  at(real: string): Node | undefined {
    return this.#nodes.get(real)
  }

  /** Of the project; undefined where nobody looked. */
  ahead(real: string): Seen | null | undefined {
    return this.#ahead.get(real)
  }

  /** Those that could be read, without the root. */
  get folders(): Node[] {
    return [...this.#nodes.values()].filter((node) => node !== this.#top && node.children !== null)
  }

  async read(top: Part, lookout: Lookout): Promise<void> {
    const seen = this.#parts.visit.look(top.real)
    if (!seen) throw new Error(`the layer ${top.real} is gone`)
    this.#top = { seen, part: top, children: null }
    await this.#read(this.#top, this.#parts.project !== null, lookout)
  }

  /** `isBelow`: the project has that folder, too. */
  async #read(folder: Node, isBelow: boolean, lookout: Lookout): Promise<void> {
    const { hidden, breath, visit, tree, extent, roots } = this.#parts
    this.#nodes.set(folder.part.real, folder)
    const upper = roots[0]
    if (upper) visit.enter({ upper: upper.path, path: folder.part.path }, folder.part.real)
    const names = tree.names(folder.part.real)
    if (!names) return
    folder.children = new Map()
    const parts: (Part & { name: string })[] = []
    for (const name of names) {
      const path = extent.add(below(folder.part.path, name))
      if (!hidden.has(path)) parts.push({ name, layer: 0, path, real: tree.child(folder.part.real, name) })
      if (breath.isDue) await breath.take()
    }
    const [here, there] = await Promise.all([lookout.look(0, parts), isBelow ? this.#lookAhead(folder, parts, lookout) : []])
    const folders: { child: Node; isBelow: boolean }[] = []
    for (const [index, { name, ...part }] of parts.entries()) {
      const told = here[index]
      // The mode of a directory that stands open for us is the one that it had.
      const seen = told === undefined || told?.type === 'directory' ? visit.look(part.real) : told
      if (!seen) continue
      const child: Node = { seen, part, children: null }
      folder.children.set(name, child)
      if (seen.type === 'directory') folders.push({ child, isBelow: there[index]?.type === 'directory' })
      else lookout.want({ ...part, seen })
      if (breath.isDue) await breath.take()
    }
    for (let at = 0; at < folders.length; at += TOGETHER) {
      const some = folders.slice(at, at + TOGETHER).map(async ({ child, isBelow }) => await this.#read(child, isBelow, lookout))
      // None goes on, and opens doors, once the view is closed because another failed.
      for (const end of await Promise.allSettled(some)) if (end.status === 'rejected') throw end.reason
      if (breath.isDue) await breath.take()
    }
  }

  async #lookAhead(folder: Node, parts: readonly (Part & { name: string })[], lookout: Lookout): Promise<(Seen | null | undefined)[]> {
    const { project, hidden, tree } = this.#parts
    // Far below, a descriptor would have to be kept for each folder, and the answer be found under another path.
    if (!project || hidden.isMount(folder.part.path) || !isNear(project.real, folder.part.path)) return []
    const at = tree.at(project.real, folder.part.path)
    const places = parts.map(({ name, path }) => ({ path, real: tree.child(at, name) }))
    const seen = await lookout.look(project.layer, places)
    for (const [index, { real }] of places.entries()) {
      const one = seen[index]
      if (one !== undefined) this.#ahead.set(real, one)
    }
    return seen
  }
}
