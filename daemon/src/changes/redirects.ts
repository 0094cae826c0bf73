/** Real root's overlay renames a folder by noting where its content lies below; a user's layers hold all that they show. */
import type { Files, Place, Root } from '../base/files.ts'
import type { Breath } from './breath.ts'
import { below, TOP } from './byte-path.ts'
import { look } from './seen.ts'
import { Tree } from './tree.ts'

/** Does any folder of the upper show what lies below the layer under another name? */
export async function hasRedirects(files: Files, root: Root, breath: Breath): Promise<boolean> {
  using tree = new Tree()
  const folders: Place[] = []
  const open = [{ path: TOP, real: root.path as string }]
  for (let folder = open.pop(); folder; folder = open.pop()) {
    for (const name of tree.names(folder.real) ?? []) {
      const real = tree.child(folder.real, name)
      if (look(real)?.type !== 'directory') continue
      const path = below(folder.path, name)
      folders.push({ root, path })
      open.push({ path, real })
      if (breath.isDue) await breath.take()
    }
  }
  return folders.length > 0 && (await files.marks(folders, 'trusted')).some(({ redirect }) => redirect !== null)
}
