/**
 * Contents of what a walk comes across: hashed once each, also where a moved directory shows one file at two paths.
 * The helper hashes small files many at a time while the walk goes on; what it leaves is read when it is needed.
 */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import type { Signature } from '@nexus/protocol/changes'
import { FileError, type Files, type Hashed, type Look, type Seen } from '../base/files.ts'
import type { Breath } from './breath.ts'
import { fsPath } from './byte-path.ts'
import { Extent } from './extent.ts'
import { Hasher, isMostlyHoles, signatureOf } from './seen.ts'
import type { Found, Lookout, Part, View } from './view.ts'

export interface Content {
  readonly signature: Signature
  readonly isUnreadable: boolean
}

const ASKED_MAX_BYTES = 1024n * 1024n
const BATCH = 250
/** As much of files that are mostly holes is hashed; what comes after is shown as unreadable. */
const HOLES_MAX_BYTES = 4n * 1024n ** 3n

/** What is needed to ask for a content; `Found` has it, and so has a file of the upper before it is compared. */
export type Wanted = Pick<Found, 'layer' | 'path' | 'real' | 'seen'>

export class Contents implements Lookout {
  readonly #files: Files
  readonly #view: Pick<View, 'roots' | 'layers'>
  readonly #hasher: Hasher
  readonly #targets: Extent
  /** By where they can be read: what the helper said, what was read here, what was asked for without a content. */
  readonly #told = new Map<string, Hashed>()
  readonly #hashes = new Map<string, string | null>()
  readonly #attributes = new Map<string, string>()
  readonly #queues = new Map<number, Wanted[]>()
  readonly #asked: Promise<void>[] = []
  readonly #gathered = new Map<number, { readonly paths: string[]; readonly looks: Promise<(Look | null)[]>; readonly send: () => void }>()
  #holesLeft = HOLES_MAX_BYTES
  #failure: unknown

  constructor(files: Files, view: Pick<View, 'roots' | 'layers'>, breath: Breath, targets = new Extent()) {
    this.#files = files
    this.#view = view
    this.#hasher = new Hasher(breath)
    this.#targets = targets
  }

  /** Will be asked for; the answer may come at any time before `settled`. */
  want(found: Wanted): void {
    if (found.seen.type !== 'file' || found.seen.size > ASKED_MAX_BYTES || this.#told.has(found.real)) return
    const queue = this.#queues.get(found.layer) ?? []
    this.#queues.set(found.layer, queue)
    queue.push(found)
    if (queue.length >= BATCH) this.#ask(found.layer)
  }

  async look(layer: number, places: readonly Pick<Part, 'path' | 'real'>[]): Promise<(Seen | null | undefined)[]> {
    if (places.length === 0) return []
    const gathered = this.#gathered.get(layer) ?? this.#gather(layer)
    const start = gathered.paths.length
    for (const { path } of places) gathered.paths.push(path)
    if (gathered.paths.length >= BATCH) gathered.send()
    const looks = await gathered.looks
    return places.map(({ real }, index) => {
      const look = looks[start + index]
      if (look?.content) this.#know(real, look.content)
      return look ? look.seen : undefined
    })
  }

  /** Folders of few names share a request: those that are asked about in one turn. */
  #gather(layer: number): { paths: string[]; looks: Promise<(Look | null)[]>; send(): void } {
    const paths: string[] = []
    const { promise, resolve } = Promise.withResolvers<(Look | null)[]>()
    const send = () => {
      if (this.#gathered.get(layer) !== gathered) return
      this.#gathered.delete(layer)
      const root = this.#view.roots[layer]
      resolve(root ? this.#files.looks(root, paths) : [])
    }
    const gathered = { paths, looks: promise, send }
    this.#gathered.set(layer, gathered)
    queueMicrotask(send)
    return gathered
  }

  async settled(): Promise<void> {
    for (const layer of this.#queues.keys()) this.#ask(layer)
    await Promise.all(this.#asked)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** After `settled`. A promise only where something has to be read: there may be a hundred thousand of the others. */
  of(found: Found): Content | Promise<Content> {
    switch (found.seen.type) {
      case 'file': {
        const known = this.#told.get(found.real)?.sha256 ?? this.#hashes.get(found.real)
        return known === undefined ? this.#hash(found).then((sha256) => ofFile(found, sha256)) : ofFile(found, known)
      }
      case 'symlink':
        return { signature: signatureOf(found.seen, { linkTarget: this.#targets.add(fs.readlinkSync(fsPath(found.real), 'latin1')) }), isUnreadable: false }
      case 'directory':
        return { signature: signatureOf(found.seen, {}), isUnreadable: found.isClosed === true }
      case 'fifo': case 'socket': case 'character-device': case 'block-device':
        return { signature: signatureOf(found.seen, {}), isUnreadable: false }
    }
  }

  /** Asks for those that did not come along with a hash. Without the helper nothing is seen. */
  async askAttributes(places: readonly Found[]): Promise<void> {
    if (!this.#files.exact.attributes) return
    const open = places.filter(({ seen, real }) => (seen.type === 'file' || seen.type === 'directory') && !this.#told.has(real) && !this.#attributes.has(real))
    await Promise.all(this.#view.roots.map(async (root, layer) => {
      const here = open.filter((found) => found.layer === layer)
      const read = await this.#files.attributes(root, here.map(({ path }) => path))
      for (const [index, { real }] of here.entries()) this.#attributes.set(real, named(read[index] ?? ''))
    }))
  }

  /** Comparable text; '' for none. */
  attributesOf(found: Found): string {
    return this.#told.get(found.real)?.attributes ?? this.#attributes.get(found.real) ?? ''
  }

  #ask(layer: number): void {
    const queue = this.#queues.get(layer) ?? []
    const root = this.#view.roots[layer]
    this.#queues.set(layer, [])
    if (queue.length === 0 || !root) return
    // Told by `settled`: nobody waits for a single batch.
    this.#asked.push(this.#files.hashes(root, queue.map(({ path }) => path)).then((hashes) => this.#take(queue, hashes), (error: unknown) => { this.#failure ??= error }))
  }

  #take(queue: readonly Wanted[], hashes: Awaited<ReturnType<Files['hashes']>>): void {
    for (const [index, { real }] of queue.entries()) {
      const hashed = hashes[index]
      if (hashed) this.#know(real, hashed)
    }
  }

  #know(real: string, hashed: Hashed): void {
    this.#told.set(real, hashed.attributes === '' ? hashed : { ...hashed, attributes: named(hashed.attributes) })
  }

  async #hash(found: Found): Promise<string | null> {
    const sha256 = this.#isTooSparse(found) ? null : await this.#read(found)
    this.#hashes.set(found.real, sha256)
    return sha256
  }

  #isTooSparse({ seen }: Found): boolean {
    if (!isMostlyHoles(seen)) return false
    if (seen.size > this.#holesLeft) return true
    this.#holesLeft -= seen.size
    return false
  }

  async #read(found: Found): Promise<string | null> {
    try {
      // The mode of a file in a layer is ours to lend; the mode of a file of the host is not.
      return await this.#hasher.sha256(found.real, found.layer < this.#view.layers - 1)
    } catch (error) {
      if (error instanceof FileError && ['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'ENOTDIR'].includes(error.code)) return null
      throw error
    }
  }
}

function ofFile({ seen }: Found, sha256: string | null): Content {
  return sha256 === null ? { signature: signatureOf(seen, {}), isUnreadable: true } : { signature: signatureOf(seen, { sha256 }), isUnreadable: false }
}

/** Only compared, never shown: attributes of 64 KiB on each of many files would fill the memory. */
function named(attributes: string): string {
  return attributes.length <= 64 ? attributes : hash('sha256', Buffer.from(attributes, 'latin1'), 'hex')
}
