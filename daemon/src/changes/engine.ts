/**
 * Carries out a plan. What is true if the power fails:
 *   while staging    the host is old; the staging folder and the pre-images are litter that recovery drops
 *   after `staged`   every path is old or new, each by one rename; contents and pre-images are on the disk
 *   after `done`     the host is new
 */
import { FileError, type FileStat, type Meta, type Place } from '../base/files.ts'
import { depthOf, parentOf, TOP, type BytePath } from './byte-path.ts'
import type { Journal } from './journal.ts'
import { isFolder, orderOf, pathOfStep, type Folder, type IndexedStep, type Step } from './plan.ts'
import { folderMetas } from './folder-metas.ts'
import { forEachPath, placeIn, type Site } from './site.ts'
import { metaOf, Staging } from './staging.ts'

/** A step with what the host has at its path now: the last look before the change. */
export interface Ready extends IndexedStep {
  readonly stat: FileStat | null
}

export class Engine {
  readonly staging: Staging
  readonly #site: Site

  constructor(site: Site, journal: Journal) {
    this.#site = site
    this.staging = new Staging(site, journal)
  }

  /** Changes the host. Every step that is interrupted can be taken again or taken back. */
  async carryOut(ready: readonly Ready[], all: readonly Step[], folders: readonly Folder[], prefix = ''): Promise<void> {
    const { files } = this.#site
    await this.#loosen(ready, folders)
    const byIndex = new Map(ready.map((entry) => [entry.index, entry]))
    const ordered = orderOf(all).flatMap(({ index }) => byIndex.get(index) ?? [])
    await forEachPath(this.#site, { items: ordered, name: ({ step, index }) => `step ${index} ${step.how}`, pathOf: pathOfStep, phase: 'changing', work: async (entry) => await this.#take(entry, prefix) })
    const metas = folderMetas(all, folders, (signature) => metaOf(this.#site, signature))
    await forEachPath(this.#site, { items: [...metas].filter(([path]) => path !== TOP), name: ([path]) => `folder ${path}`, pathOf: ([path]) => path, work: ([path, meta]) => files.setMeta(this.#place(path), meta) })
    await this.#site.fault?.('unstage')
    await this.staging.drop()
    await this.#site.fault?.('top')
    const top = metas.get(TOP)
    if (top) await files.setMeta(this.#place(TOP), top)
    await this.#site.fault?.('flush')
    await this.#flush(all, metas)
  }

  async #take({ step, index, stat }: Ready, prefix: string): Promise<void> {
    const { files } = this.#site
    const place = this.#place(step.path)
    const staged = this.staging.at(index, prefix)
    switch (step.how) {
      case 'create':
        return await files.rename(staged, place, { mode: 'no-replace' })
      case 'replace':
        return await files.rename(staged, place, stat ? { mode: 'replace', guard: stat } : { mode: 'no-replace' })
      case 'exchange':
        return stat ? await this.#exchange(step, staged, place, stat) : await files.rename(staged, place, { mode: 'no-replace' })
      case 'remove':
        return stat?.type === 'directory' ? await files.rmdir(place) : await files.unlink(place, stat ?? undefined)
      case 'meta':
        if (step.attributes) await files.copyAttributes(staged, place)
        if (!isFolder(step.after)) await files.setMeta(place, metaOf(this.#site, step.after))
    }
  }

  /** The object that gives way ends in the staging folder: an emptied directory there must really be empty. */
  async #exchange(step: Step, staged: Place, place: Place, stat: FileStat): Promise<void> {
    const { files } = this.#site
    if (!isFolder(step.before)) return await files.rename(staged, place, { mode: 'exchange', guard: stat })
    try {
      await files.rename(staged, place, { mode: 'exchange' })
    } catch (error) {
      // An overlay as the project's own file system cannot move a directory of its lower layer.
      if (!(error instanceof FileError) || error.code !== 'EXDEV') throw error
      await files.rmdir(place)
      return await files.rename(staged, place, { mode: 'no-replace' })
    }
    try {
      await files.rmdir(staged)
    } catch (error) {
      await files.rename(staged, place, { mode: 'exchange' })
      throw error
    }
  }

  /** As an ordinary user, work in a directory needs its write bit; the plan's end sets every mode. */
  async #loosen(ready: readonly Ready[], folders: readonly Folder[]): Promise<void> {
    if (this.#site.isRoot) return
    const tight = [
      ...folders.map(({ path, before }) => ({ path, mode: before.mode })),
      ...ready.flatMap(({ step, stat }) => (stat?.type === 'directory' ? [{ path: step.path, mode: stat.mode }] : [])),
    ].filter(({ mode }) => (mode & 0o700) !== 0o700)
    tight.sort((a, b) => depthOf(a.path) - depthOf(b.path))
    await forEachPath(this.#site, { items: tight, name: ({ path }) => `loosen ${path}`, pathOf: ({ path }) => path, work: ({ path, mode }) => this.#site.files.setMeta(this.#place(path), { mode: mode | 0o700 }) })
  }

  async #flush(all: readonly Step[], metas: ReadonlyMap<BytePath, Meta>): Promise<void> {
    const { files } = this.#site
    const standing = new Set(metas.keys())
    for (const step of all) standing.add(step.how === 'meta' ? step.path : parentOf(step.path))
    for (const step of all) if (isFolder(step.before) && !isFolder(step.after)) standing.delete(step.path)
    standing.add(TOP)
    // A link cannot be opened to be flushed.
    const isWhole = standing.size > FLUSH_WHOLE || all.some(({ how, after }) => how === 'meta' && after?.type === 'symlink')
    if (files.flushesWhole && isWhole) return await files.syncfs(this.#place(TOP))
    await forEachPath(this.#site, {
      items: [...standing], name: () => 'flush folder', pathOf: (path) => path, work: async (path) => {
        try {
          await files.fsync(this.#place(path))
        } catch (error) {
          // Somebody took it away meanwhile, or put a link in its place.
          if (error instanceof FileError && GONE.has(error.code)) return
          // A directory that nobody may read is flushed with its file system.
          if (!(error instanceof FileError) || error.code !== 'EACCES') throw error
          await files.syncfs(this.#place(TOP))
        }
      },
    })
  }

  #place(path: string): Place {
    return placeIn(this.#site, path)
  }
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** More directories than this are flushed at once with their whole file system. */
const FLUSH_WHOLE = 64
