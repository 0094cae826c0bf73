/** What is laid below a layer when it is entered: the layers of the runs that it was made over, or the host in their place. */
import { basename, dirname } from 'node:path'
import type { Changes } from '../changes/changes.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { layerOf } from './seal.ts'
import { belowOf, isWhole } from './stack.ts'

/**
 * Real root's overlay knows a renamed folder by where it was before. Once such a run is on the host, only the host has that
 * folder: then the host stands for the run and for all below it. For any other layer it makes no difference.
 */
export async function standing(ledger: Ledger, changes: Pick<Changes, 'hasRedirects'>, uppers: readonly string[]): Promise<string[]> {
  for (const [at, upper] of uppers.entries()) {
    // Layers that were squashed lie in a folder with the name of the nearest of them.
    const row = ledger.find(basename(dirname(upper)))
    if (row?.xattrs !== 'trusted') continue
    if (isWhole(ledger, row)) {
      if (await changes.hasRedirects(upper)) return uppers.slice(0, at)
    } else if (layerOf(row)?.upper !== upper && belowOf(ledger, row).some((one) => isWhole(ledger, one)) && (await changes.hasRedirects(upper))) {
      return [...uppers.slice(0, at), ...(await standing(ledger, changes, uppersOf(ledger, row)))]
    }
  }
  return [...uppers]
}

/** One by one, as they were before they were squashed. */
function uppersOf(ledger: Ledger, row: RunRow): string[] {
  return [row, ...belowOf(ledger, row)].flatMap((one) => layerOf(one)?.upper ?? [])
}
