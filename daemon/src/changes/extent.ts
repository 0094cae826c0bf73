/**
 * How much one look at a layer may find: a command can make folders in folders, and links to places with very long names,
 * until their names alone fill the memory.
 */
import { Problem } from '@nexus/protocol/problem'

/** More than a million changed paths of ordinary length. */
const TEXT_BYTES_MAX = 128 * 1024 * 1024

export class Extent {
  readonly #most: number
  #left: number

  constructor(mostBytes = TEXT_BYTES_MAX) {
    this.#most = mostBytes
    this.#left = mostBytes
  }

  /** The path, or the target of a link, itself; throws when it is one too many. */
  add<Text extends string>(text: Text): Text {
    this.#left -= text.length
    if (this.#left < 0) throw new Problem('change-set-too-large', { most: `${this.#most / 1024 / 1024} MiB` })
    return text
  }
}
