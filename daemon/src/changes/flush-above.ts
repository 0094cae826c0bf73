/** New folders are there after a power failure only when the folders above them were flushed. */
import fs from 'node:fs'
import { dirname } from 'node:path'

/** `made`: the topmost new one, as `mkdir` with `recursive` tells it; undefined when nothing was new. */
export function flushAbove(folder: string, made: string | undefined): void {
  if (made === undefined) return
  const end = dirname(made)
  for (let above = dirname(folder); ; above = dirname(above)) {
    const descriptor = fs.openSync(above, 'r')
    try {
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
    if (above === end) return
  }
}
