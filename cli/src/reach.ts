/** Paths below a folder, however deep: one that is longer than the system takes in one call begins at a descriptor on its way. */
import fs from 'node:fs'

const STEP_BYTES = 2000
/** Node has no name for it: opens what may be entered, also where it may not be read. */
const O_PATH = 0o10000000

export class Reach implements Disposable {
  readonly #top: string
  /** Each below the one before it; those that the next path does not go through are let go. */
  readonly #anchors: { readonly path: string; readonly descriptor: number }[] = []

  /** One character per byte, here as well as below. */
  constructor(top: string) {
    this.#top = top
  }

  /** Good until the next one is asked for. Throws where a folder on the way is none any more. */
  at(path: string): Buffer {
    for (let last = this.#anchors.at(-1); last && !path.startsWith(`${last.path}/`); last = this.#anchors.at(-1)) this.#letGo()
    for (;;) {
      const last = this.#anchors.at(-1)
      const from = last ? last.path.length + 1 : 0
      const cut = path.length - from > STEP_BYTES ? path.lastIndexOf('/', from + STEP_BYTES) : -1
      if (cut <= from) return this.#real(path.slice(from))
      const descriptor = fs.openSync(this.#real(path.slice(from, cut)), O_PATH | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW)
      this.#anchors.push({ path: path.slice(0, cut), descriptor })
    }
  }

  [Symbol.dispose](): void {
    while (this.#anchors.length > 0) this.#letGo()
  }

  #real(rest: string): Buffer {
    const last = this.#anchors.at(-1)
    const base = last ? `/proc/self/fd/${last.descriptor}` : this.#top
    return Buffer.from(rest === '' ? base : `${base}/${rest}`, 'latin1')
  }

  #letGo(): void {
    const last = this.#anchors.pop()
    if (last) fs.closeSync(last.descriptor)
  }
}
