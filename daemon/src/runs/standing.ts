/** What is laid below a layer when it is entered: the layers of the runs that it was made over, or the host in their place. */
import { basename, dirname } from 'node:path'
import type { Changes } from '../changes/changes.ts'
import type { Ledger } from './ledger.ts'
import { isWhole } from './stack.ts'

/**
 * Real root's overlay knows a renamed folder by where it was before. Once such a run is on the host, only the host has that
 * folder: then the host stands for the run and for all below it. For any other layer it makes no difference.
 */
export async function standing(ledger: Ledger, changes: Pick<Changes, 'hasRedirects'>, uppers: readonly string[]): Promise<string[]> {
  for (const [at, upper] of uppers.entries()) {
    const row = ledger.find(basename(dirname(upper)))
    if (row?.xattrs === 'trusted' && isWhole(ledger, row) && (await changes.hasRedirects(upper))) return uppers.slice(0, at)
  }
  return [...uppers]
}
