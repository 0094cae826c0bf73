/** How much one look at a layer may find: a command can make folders in folders until their names alone fill the memory. */
import { Problem } from '@nexus/protocol/problem'
import type { BytePath } from './byte-path.ts'

/** More than a million changed paths of ordinary length, each met twice. */
const PATH_BYTES_MAX = 192 * 1024 * 1024

export class Extent {
  #left = PATH_BYTES_MAX

  add(path: BytePath): void {
    this.#left -= path.length
    if (this.#left < 0) throw new Problem('change-set-too-large', { most: `${PATH_BYTES_MAX / 1024 / 1024} MiB` })
  }
}
