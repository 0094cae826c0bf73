/**
 * Files by the sha256 of their bytes, written whole or not at all, never changed. What refers to them are rows: a blob
 * without one is garbage, unless it is in hand, on its way to its row.
 */
import { createHash, hash, randomUUID } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { copyFile, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Held until its row refers to it: `using blob = …`. */
export interface BlobInHand extends Disposable {
  readonly digest: string
}

export class Blobs {
  readonly #folder: string
  /** Digests in hand and how often; names of files that are being written. */
  readonly #inHand = new Map<string, number>()
  readonly #partials = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  put(bytes: Uint8Array): BlobInHand {
    using failing = new DisposableStack()
    const held = failing.use(this.#hold(hash('sha256', bytes, 'hex')))
    const path = this.pathOf(held.digest)
    if (!existsSync(path)) {
      using partial = this.#partial(path)
      writeFileSync(partial.path, bytes, { mode: 0o600 })
      renameSync(partial.path, path)
    }
    failing.move()
    return held
  }

  /** Takes a file in; moves it when it lies on the same file system. */
  async adopt(file: string): Promise<BlobInHand> {
    using failing = new DisposableStack()
    const held = failing.use(this.#hold(await hashFile(file)))
    const path = this.pathOf(held.digest)
    if (!existsSync(path)) {
      using partial = this.#partial(path)
      // Another file system: a copy, then let go of the original.
      await rename(file, partial.path).catch(() => copyFile(file, partial.path))
      await rename(partial.path, path)
    }
    rmSync(file, { force: true })
    failing.move()
    return held
  }

  read(digest: string): Buffer {
    return readFileSync(this.pathOf(digest))
  }

  pathOf(digest: string): string {
    return join(this.#folder, digest.slice(0, 2), digest.slice(2))
  }

  /**
   * What no row refers to, shelf by shelf. `wantedOn` names the digests that rows refer to and that begin so; it is asked
   * in the same breath in which a shelf is read, so that nothing is called garbage that has just got its row.
   */
  *garbage(wantedOn: (shelf: string) => ReadonlySet<string>): Generator<Garbage[]> {
    for (const shelf of readdirSync(this.#folder)) {
      const wanted = wantedOn(shelf)
      yield readdirSync(join(this.#folder, shelf)).flatMap((name): Garbage[] => {
        if (wanted.has(shelf + name) || this.#inHand.has(shelf + name) || this.#partials.has(name)) return []
        const path = join(this.#folder, shelf, name)
        return [{ path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0 }]
      })
    }
  }

  remove({ path }: Garbage): void {
    rmSync(path, { force: true })
  }

  #hold(digest: string): BlobInHand {
    this.#inHand.set(digest, (this.#inHand.get(digest) ?? 0) + 1)
    let held = true
    return {
      digest,
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        const left = (this.#inHand.get(digest) ?? 1) - 1
        if (left > 0) this.#inHand.set(digest, left)
        else this.#inHand.delete(digest)
      },
    }
  }

  #partial(path: string): Disposable & { readonly path: string } {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const partial = `${path}.${randomUUID()}`
    this.#partials.add(basename(partial))
    return { path: partial, [Symbol.dispose]: () => { this.#partials.delete(basename(partial)) } }
  }
}

/** A blob that nothing refers to, or a piece of one that was never finished. */
export interface Garbage {
  readonly path: string
  readonly bytes: number
}

async function hashFile(file: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer)
  return digest.digest('hex')
}
