/** Files by the sha256 of their bytes, written whole or not at all, never changed. */
import { createHash, hash, randomUUID } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { copyFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export class Blobs {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  put(bytes: Uint8Array): string {
    const digest = hash('sha256', bytes, 'hex')
    const path = this.pathOf(digest)
    if (!existsSync(path)) {
      const partial = this.#partial(path)
      writeFileSync(partial, bytes, { mode: 0o600 })
      renameSync(partial, path)
    }
    return digest
  }

  /** Takes a file in; moves it when it lies on the same file system. */
  async adopt(file: string): Promise<string> {
    const digest = await hashFile(file)
    const path = this.pathOf(digest)
    if (existsSync(path)) {
      rmSync(file, { force: true })
      return digest
    }
    const partial = this.#partial(path)
    try {
      await rename(file, partial)
    } catch {
      // Another file system: copy, then let go of the original.
      await copyFile(file, partial)
      rmSync(file, { force: true })
    }
    await rename(partial, path)
    return digest
  }

  read(digest: string): Buffer {
    return readFileSync(this.pathOf(digest))
  }

  pathOf(digest: string): string {
    return join(this.#folder, digest.slice(0, 2), digest.slice(2))
  }

  /** Every stored blob with its size; for housekeeping. */
  *list(): Generator<{ digest: string; bytes: number }> {
    for (const shelf of readdirSync(this.#folder)) {
      for (const name of readdirSync(join(this.#folder, shelf))) {
        const stat = statSync(join(this.#folder, shelf, name), { throwIfNoEntry: false })
        if (stat) yield { digest: shelf + name, bytes: stat.size }
      }
    }
  }

  remove(digest: string): void {
    rmSync(this.pathOf(digest), { force: true })
  }

  #partial(path: string): string {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return `${path}.${randomUUID()}`
  }
}

async function hashFile(file: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer)
  return digest.digest('hex')
}
