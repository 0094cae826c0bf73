/** The text of a small file that somebody else may have made: a pipe would hold the daemon up for ever, a device or a file
 *  without end would fill its memory. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

const MAX_BYTES = 256 * 1024

/** Undefined for what is no regular file, is longer than anybody writes there, or may not be read. */
export function shortText(path: string): string | undefined {
  try {
    // Opening a device may already do something; what takes the file's place after this look is not waited for.
    if (!statSync(path).isFile()) return undefined
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      const bytes = Buffer.alloc(MAX_BYTES + 1)
      const length = fstatSync(descriptor).isFile() ? readSync(descriptor, bytes) : bytes.length
      return length > MAX_BYTES ? undefined : bytes.toString('utf8', 0, length)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined // not there, or not ours to read
  }
}
