/**
 * Finds the bytes of what will be written. Nearly all of them lie in the layers. A renamed directory leaves its files
 * where they were, in the project: and there an earlier apply, or a run below that was applied since, may have moved
 * them. Then they are found by their hash: on the host under a path of this very plan, or among the pre-images.
 */
import { hash } from 'node:crypto'
import type { Conflict } from '@nexus/protocol/changes'
import { FileError, type Place, type Root } from '../base/files.ts'
import { fromText, pathOf, type BytePath } from './byte-path.ts'
import type { Merging } from './changes.ts'
import { conflict } from './conflicts.ts'
import type { Journals } from './journal.ts'
import { preImages, type PreImage } from './pre-images.ts'
import type { Examined } from './preconditions.ts'
import { Hasher } from './seen.ts'
import { placeIn, type Site } from './site.ts'
import type { Found, View } from './view.ts'

export interface Sources extends AsyncDisposable {
  /** What the layer holds at a path. */
  readonly found: ReadonlyMap<BytePath, Found>
  readonly places: ReadonlyMap<BytePath, Place>
  /** Paths whose content is nowhere any more. */
  readonly conflicts: readonly Conflict[]
}

export interface SourceParts {
  readonly site: Site
  readonly journals: Journals
  readonly view: View
  readonly project: string
  readonly examined: readonly Examined[]
  readonly merged?: Pick<Merging, 'merged' | 'folder'> | undefined
}

export async function findSources({ site, journals, view, project, examined, merged }: SourceParts): Promise<Sources> {
  await using opened = new AsyncDisposableStack()
  const found = new Map<BytePath, Found>()
  const places = new Map<BytePath, Place>()
  const missing: Examined[] = []
  const hasher = new Hasher(site.breath)
  const made = new Set(merged?.merged.map(pathOf))
  const folder = merged && made.size > 0 ? opened.use(await site.files.open(fromText(merged.folder))) : null
  for (const entry of examined) {
    if (entry.isDone) continue
    const { path, after } = entry.wish
    if (folder && made.has(path)) {
      // Neither the layer nor the host has it: it waits where it was put when it was shown.
      places.set(path, { root: folder, path: mergedName(path) })
      continue
    }
    const standing = after && (await view.after(path))
    const place = standing && placeOf(view, standing)
    // A merge may have chosen the host's content for a path of the layer.
    const isSealed = standing && !merged && standing.layer < view.layers - 1
    const isCertain = after?.type !== 'file' || (standing && (isSealed || (await hashOf(hasher, view, standing)) === after.sha256))
    if (standing && isCertain) found.set(path, standing)
    if (place && isCertain) places.set(path, place)
    else if (after?.type === 'file') missing.push(entry)
  }
  const conflicts = missing.length === 0 ? [] : await findByHash({ site, journals, project, examined, missing, places, opened })
  const stack = opened.move()
  return { found, places, conflicts, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

interface Search {
  readonly site: Site
  readonly journals: Journals
  readonly project: string
  readonly examined: readonly Examined[]
  readonly missing: readonly Examined[]
  readonly places: Map<BytePath, Place>
  readonly opened: AsyncDisposableStack
}

async function findByHash({ site, journals, project, examined, missing, places, opened }: Search): Promise<Conflict[]> {
  const onHost = new Map(examined.flatMap(({ wish, found }) => (found?.sha256 === undefined ? [] : [[found.sha256, placeIn(site, wish.path)] as const])))
  const kept = preImages(journals, project, new Set(missing.flatMap(({ wish }) => wish.after?.sha256 ?? [])))
  const roots = new Map<string, Root>()
  const keptPlace = async ({ folder, name }: PreImage): Promise<Place> => {
    const root = roots.get(folder) ?? opened.use(await site.files.open(fromText(folder)))
    roots.set(folder, root)
    return { root, path: name }
  }
  const conflicts: Conflict[] = []
  for (const { wish } of missing) {
    const sha256 = wish.after?.sha256 ?? ''
    const image = kept.get(sha256)
    const place = onHost.get(sha256) ?? (image && (await keptPlace(image)))
    if (place) places.set(wish.path, place)
    else conflicts.push(conflict(wish.path, 'vanished', { expected: wish.after, detail: 'its content was in the project, under its old name, and is there no more' }))
  }
  return conflicts
}

/** The name of a merged content in its folder: any path fits. */
export function mergedName(path: BytePath): string {
  return hash('sha256', Buffer.from(path, 'latin1'), 'hex')
}

function placeOf(view: View, found: Found): Place | null {
  const root = view.roots[found.layer]
  return root ? { root, path: found.path } : null
}

async function hashOf(hasher: Hasher, view: View, found: Found): Promise<string | null> {
  if (found.seen.type !== 'file') return null
  try {
    return await hasher.sha256(found.real, found.layer < view.layers - 1)
  } catch (error) {
    if (error instanceof FileError) return null
    throw error
  }
}
