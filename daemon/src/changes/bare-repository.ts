/** A bare repository may lie in any folder, without a `.git` around it: whoever asks git something in there runs what its configuration names. */
import { below, nameOf, parentOf, type BytePath } from './byte-path.ts'
import type { View } from './view.ts'

/** What makes a folder one, and what it takes commands from. Any of them may be the last that was missing. */
const PIECES = new Set(['HEAD', 'objects', 'refs', 'config', 'commondir'])

/** By its name alone. */
export function mayBeOfBareRepository(path: BytePath): boolean {
  return nameOf(parentOf(path)) === 'hooks' ? !nameOf(path).endsWith('.sample') : PIECES.has(nameOf(path))
}

export async function isOfBareRepository(path: BytePath, view: Pick<View, 'after'>): Promise<boolean> {
  if (!mayBeOfBareRepository(path)) return false
  const folder = parentOf(path)
  const repository = nameOf(folder) === 'hooks' ? parentOf(folder) : folder
  if (repository.split('/').includes('.git')) return false
  for (const piece of ['HEAD', 'objects', 'refs']) if (!(await view.after(below(repository, piece)))) return false
  return true
}
