/** The folders of a layer: made before the command, filled with the copy where the back end is `copy`. */
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import type { Backend } from '@nexus/protocol/runs'
import { discardLayer } from './discard.ts'
import { furnishHome } from './home.ts'
import type { Layer } from './layer.ts'
import { copyTree, resemble, type TreeCopy } from './tree-copy.ts'

export interface NewLayer {
  readonly run: string
  readonly project: string
  readonly backend: Backend
  readonly xattrs: 'trusted' | 'user'
  /** Uppers of the runs below, nearest first. */
  readonly parents: readonly string[]
  readonly state: string
  readonly userHome: string
  readonly path: string
}

export function layersFolder(state: string): string {
  return join(state, 'layers')
}

/** Layers of long stacks, several as one. */
export function squashedFolder(state: string): string {
  return join(state, 'squashed')
}

/** Leaves nothing behind when it fails or is aborted. */
export async function openLayer(order: NewLayer, signal?: AbortSignal): Promise<Layer> {
  const { run, project, backend, xattrs, parents } = order
  const folder = join(layersFolder(order.state), run)
  await mkdir(layersFolder(order.state), { recursive: true, mode: 0o700 })
  await mkdir(folder, { mode: 0o700 })
  let homeLacks: string | undefined
  try {
    homeLacks = await makeFolders(order, folder, signal)
    signal?.throwIfAborted()
  } catch (error) {
    await discardLayer(folder, layersFolder(order.state), order.path)
    throw error
  }
  return { run, folder, backend, project, upper: join(folder, 'upper'), parents, xattrs, ...(homeLacks === undefined ? {} : { homeLacks }) }
}

async function makeFolders(order: NewLayer, folder: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const [nearest] = order.parents
  const copy = (own: Pick<TreeCopy, 'from' | 'to' | 'isRough'>) => copyTree({ ...own, except: order.state, path: order.path }, signal)
  const homeLacks = await furnishHome({ home: join(folder, 'home'), userHome: order.userHome, parent: nearest && join(dirname(nearest), 'home'), copy })
  for (const scratch of ['tmp', 'vartmp']) {
    await mkdir(join(folder, scratch))
    await chmod(join(folder, scratch), 0o1777)
  }
  const ground = nearest ?? order.project
  const upper = join(folder, 'upper')
  if (order.backend === 'copy') {
    if (nearest && await exists(join(dirname(nearest), 'work'))) throw new Problem('backend-unavailable', { backend: 'copy', cause: 'the run below used the overlay', fix: 'run it with the overlay back end' })
    await copy({ from: ground, to: upper })
    return homeLacks
  }
  await mkdir(join(folder, 'work'), { mode: 0o700 })
  await mkdir(upper)
  // The overlay's root is the upper itself: the command must see the project folder's own mode, owner and times.
  await resemble(ground, upper)
  return homeLacks
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
