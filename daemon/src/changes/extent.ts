/** How much one look at a layer may find: a command can make folders in folders until their names alone fill the memory. */
import { Problem } from '@nexus/protocol/problem'
import type { BytePath } from './byte-path.ts'

/** More than a million changed paths of ordinary length. */
const PATH_BYTES_MAX = 128 * 1024 * 1024

export class Extent {
  #left = PATH_BYTES_MAX

  /** The path itself; throws when it is one too many. */
  add(path: BytePath): BytePath {
    this.#left -= path.length
    if (this.#left < 0) throw new Problem('change-set-too-large', { most: `${PATH_BYTES_MAX / 1024 / 1024} MiB` })
    return path
  }
}
