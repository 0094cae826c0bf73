/** A change set as a tree of folders, and the rows of it that are open. Folders that hold one folder only share its row. */
import type { Change } from '@nexus/protocol/changes'
import { isBlocking } from '@nexus/protocol/change-flags'
import { safePath } from '@nexus/protocol/readable'
import { bytesOf, keyOf, type PathKey } from '@nexus/protocol/path-key'

export interface Row {
  readonly key: PathKey
  /** Safe to show. */
  readonly label: string
  readonly depth: number
  /** Index of the change at this very path. */
  readonly at: number | undefined
  /** Indices of all changes at or below, for a folder. */
  readonly members: readonly number[]
  readonly isFolder: boolean
  readonly isOpen: boolean
}

interface Node {
  readonly key: PathKey
  readonly name: string
  readonly children: Map<string, Node>
  readonly members: number[]
  at: number | undefined
}

/** Folders whose content nobody reads path by path. */
const CLOSED_NAMES = new Set(['node_modules', '.git'])
const CLOSED_FROM = 40

export interface Tree {
  readonly root: Node
  /** Folders that are closed until somebody opens them. */
  readonly closed: ReadonlySet<PathKey>
}

export function treeOf(changes: readonly Change[]): Tree {
  const root = nodeAt('', '')
  for (const [at, { path }] of changes.entries()) {
    let node = root
    node.members.push(at)
    for (const name of keyOf(path).split('/')) {
      let child = node.children.get(name)
      if (!child) node.children.set(name, child = nodeAt(node === root ? name : `${node.key}/${name}`, name))
      child.members.push(at)
      node = child
    }
    node.at = at
  }
  const closed = new Set<PathKey>()
  visit(root, (node) => {
    const isLong = node !== root && node.children.size > CLOSED_FROM
    // What needs a second look is never hidden.
    if ((isLong || CLOSED_NAMES.has(node.name)) && !node.members.some((at) => changes[at] !== undefined && isBlocking(changes[at]))) closed.add(node.key)
  })
  return { root, closed }
}

export function rowsOf({ root }: Tree, closed: ReadonlySet<PathKey>): Row[] {
  const rows: Row[] = []
  const add = (node: Node, depth: number, prefix: string) => {
    const [only] = node.children.values()
    const label = prefix + safePath(bytesOf(node.name))
    if (only && node.children.size === 1 && node.at === undefined && only.children.size > 0) return add(only, depth, `${label}/`)
    const isFolder = node.children.size > 0
    const isOpen = isFolder && !closed.has(node.key)
    rows.push({ key: node.key, label, depth, at: node.at, members: node.members, isFolder, isOpen })
    if (isOpen) for (const child of inOrder(node)) add(child, depth + 1, '')
  }
  for (const child of inOrder(root)) add(child, 0, '')
  return rows
}

/** Folders first, then by bytes. */
function inOrder(node: Node): Node[] {
  return [...node.children.values()].sort((a, b) => Number(b.children.size > 0) - Number(a.children.size > 0) || (a.name < b.name ? -1 : 1))
}

function nodeAt(key: PathKey, name: string): Node {
  return { key, name, children: new Map(), members: [], at: undefined }
}

function visit(node: Node, see: (node: Node) => void): void {
  see(node)
  for (const child of node.children.values()) visit(child, see)
}
