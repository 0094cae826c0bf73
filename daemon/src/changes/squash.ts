/**
 * Many layers as one: a folder that overlayfs shows as it shows them, so that a long stack is mounted as quickly as a
 * short one. Nothing is copied: files and whiteouts get one more name, folders are made anew with the marks that the
 * merged ones have: a redirect where the project shows through from another place, opaque where it does not.
 */
import { FileError, type Files, type Place, type Root, type Seen } from '../base/files.ts'
import type { Breath } from './breath.ts'
import { below, fromText, TOP, type BytePath } from './byte-path.ts'
import type { Ground } from './changes.ts'
import { isWhiteout, look } from './seen.ts'
import { Tree } from './tree.ts'
import type { Found, Part, View } from './view.ts'

export interface SquashParts {
  readonly ground: Ground
  readonly view: View
  readonly files: Files
  readonly breath: Breath
}

/** Fills `to`, an empty folder on the file system of the layers. Throws FileError where a file has too many names, or without the helper. */
export async function squash({ ground, view, files, breath }: SquashParts, to: string): Promise<void> {
  using tree = new Tree()
  await using target = await files.open(fromText(to))
  const project = view.layers - 1
  const rooted = (part: Pick<Part, 'layer' | 'path'>): Place => ({ root: rootOf(view, part.layer), path: part.path })

  await fill(TOP, topOf(view, ground))
  await files.syncfs({ root: target, path: '' })

  async function fill(path: BytePath, parts: readonly Part[]): Promise<void> {
    const own = parts.filter(({ layer }) => layer !== project)
    for (const name of new Set(own.flatMap((part) => namesIn(part)))) {
      if (breath.isDue) await breath.take()
      const at = below(path, name)
      const found = await view.after(at)
      if (!found) await putWhiteout(at, name, own, parts.length > own.length)
      else if (found.parts === null) await files.link(rooted(found), { root: target, path: at })
      else await putFolder(at, found, found.parts)
    }
    const [top] = own
    if (!top) return
    await files.copyAttributes(rooted(top), { root: target, path })
    const seen = look(top.real)
    if (seen) await files.setMeta({ root: target, path }, metaOf(seen))
  }

  async function putFolder(at: BytePath, found: Found, parts: readonly Part[]): Promise<void> {
    const place = { root: target, path: at }
    await files.mkdir(place, 0o700)
    const shown = parts.find(({ layer }) => layer === project)
    if (!shown) await files.mark(place, { opaque: true, redirect: null }, ground.xattrs)
    else if (shown.path !== at) await files.mark(place, { opaque: false, redirect: `/${shown.path}` }, ground.xattrs)
    await fill(at, parts)
    await files.setMeta(place, metaOf(found.seen))
  }

  /** Only where something of the project would show otherwise. */
  async function putWhiteout(at: BytePath, name: string, own: readonly Part[], showsProject: boolean): Promise<void> {
    const holder = showsProject ? own.find((part) => { const seen = look(tree.child(part.real, name)); return seen !== null && isWhiteout(seen) }) : undefined
    if (holder) await files.link(rooted({ layer: holder.layer, path: below(holder.path, name) }), { root: target, path: at })
  }

  function namesIn(part: Part): string[] {
    const names = tree.names(part.real)
    if (!names) throw new FileError('EACCES', 'list', part.path)
    return names
  }
}

function topOf(view: View, { parents }: Ground): Part[] {
  const layers = Array.from({ length: parents.length + 1 }, (_, layer) => layer)
  return [...layers, view.layers - 1].map((layer) => ({ layer, path: TOP, real: rootOf(view, layer).path }))
}

function rootOf(view: View, layer: number): Root {
  const root = view.roots[layer]
  if (!root) throw new Error(`a view has no layer ${layer}`)
  return root
}

/** The owner first: a user's own layers hold nothing of others. */
function metaOf({ mode, uid, gid, mtimeNs }: Seen): { mode: number; owner: { uid: number; gid: number; required: boolean }; mtimeNs: bigint } {
  return { mode, owner: { uid, gid, required: false }, mtimeNs }
}
