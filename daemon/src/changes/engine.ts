/**
 * Carries out a plan. What is true if the power fails:
 *   while staging    the host is old; the staging folder and the pre-images are litter that recovery drops
 *   after `staged`   every path is old or new, each by one rename; contents and pre-images are on the disk
 *   after `done`     the host is new
 */
import fs from 'node:fs'
import type { Signature } from '@nexus/protocol/changes'
import { fromBytes } from '@nexus/protocol/bytes'
import { FileError, type FileStat, type Meta, type Place, type Root } from '../base/native-files.ts'
import { depthOf, fromText, parentOf, TOP, type BytePath } from './byte-path.ts'
import type { Journal } from './journal.ts'
import { isFolder, isStaged, orderOf, type Folder, type Origin, type Source, type Step } from './plan.ts'
import { flushAbove } from './flush-above.ts'
import { folderMetas } from './folder-metas.ts'
import { Hasher } from './seen.ts'
import { forEach, placeIn, StepError, type Round, type Site } from './site.ts'
import { Tree } from './tree.ts'

/** A step with what the host has at its path now: the last look before the change. */
export interface Ready {
  readonly step: Step
  readonly index: number
  readonly stat: FileStat | null
}

/** A step with its position in the plan. */
type Indexed = Pick<Ready, 'step' | 'index'>

export class Engine {
  readonly #site: Site
  readonly #journal: Journal

  constructor(site: Site, journal: Journal) {
    this.#site = site
    this.#journal = journal
  }

  /** An empty staging folder; one that is left from a crash is emptied. */
  async openStage(): Promise<void> {
    await this.dropStage()
    await this.#site.files.mkdir(this.#place(this.#journal.stage), 0o700)
  }

  /**
   * Pre-images of everything that will be replaced or removed, each checked against what the plan saw. The file itself
   * is kept, under another name: what replaces it is another file. Only where it has more names already, or where no
   * name can be given to it here, it is copied. `stage` flushes both.
   */
  async backUp(steps: readonly Step[], stats: readonly (FileStat | null)[]): Promise<void> {
    const made = fs.mkdirSync(this.#journal.backups, { recursive: true, mode: 0o700 })
    if (!this.#site.files.flushesWhole) flushAbove(this.#journal.backups, made)
    await using backups = await this.#site.files.open(fromText(this.#journal.backups))
    const kept = steps.map((step, index) => ({ step, index })).filter(({ step }) => isBackedUp(step))
    await this.#forEach({
      items: kept, name: ({ index }) => `back up ${index}`, pathOf: pathOfStep, phase: 'saving', work: async ({ step, index }) => {
        const to = { root: backups, path: String(index) }
        if (step.before?.type === 'file') return await this.#keep(this.#place(step.path), to, stats[index]?.nlink === 1)
        await this.#site.files.mkdir(to, 0o700)
        await this.#site.files.copyAttributes(this.#place(step.path), to)
      },
    })
    // ESTALE: the host changed since the look that allowed this.
    await this.#verify(kept, { root: backups, prefix: '', side: (step) => step.before, code: 'ESTALE' })
    if (kept.length === 0) return
    if (!this.#site.files.flushesWhole || !(await this.#isOneDevice(backups))) await this.#site.files.syncfs({ root: backups, path: '' })
  }

  /** New objects under their final mode, owner and time, one rename away from their place. */
  async stage(steps: readonly Step[], source: Source, prefix = ''): Promise<void> {
    const { files } = this.#site
    const made = steps.map((step, index) => ({ step, index })).filter(({ step }) => isStaged(step))
    const copied = made.filter(({ step }) => step.twin === undefined)
    const work = async ({ step, index }: Indexed) => await this.#make(step, this.#staged(index, prefix), source(step, index))
    await this.#forEach({ items: copied, name: ({ index }) => `stage ${index}`, pathOf: pathOfStep, phase: 'staging', work })
    await this.#verify(copied, { root: this.#site.project, prefix: `${this.#journal.stage}/${prefix}`, side: (step) => step.after, code: 'EBADMSG' })
    // A directory keeps its private mode until what belongs into it is there.
    const finished = copied.filter(({ step }) => !isFolder(step.after))
    const dress = ({ step, index }: Indexed) => files.setMeta(this.#staged(index, prefix), this.#metaOf(step.after))
    await this.#forEach({ items: finished, name: ({ index }) => `dress ${index}`, pathOf: pathOfStep, work: dress })
    const link = ({ step, index }: Indexed) => files.link(this.#staged(step.twin ?? index, prefix), this.#staged(index, prefix))
    await this.#forEach({ items: made.filter(({ step }) => step.twin !== undefined), name: ({ index }) => `link ${index}`, pathOf: pathOfStep, work: link })
    await files.syncfs(this.#place(this.#journal.stage))
  }

  /** Changes the host. Every step that is interrupted can be taken again or taken back. */
  async carryOut(ready: readonly Ready[], all: readonly Step[], folders: readonly Folder[], prefix = ''): Promise<void> {
    const { files } = this.#site
    await this.#loosen(ready, folders)
    const byIndex = new Map(ready.map((entry) => [entry.index, entry]))
    const ordered = orderOf(all).flatMap(({ index }) => byIndex.get(index) ?? [])
    await this.#forEach({ items: ordered, name: ({ step, index }) => `step ${index} ${step.how}`, pathOf: pathOfStep, phase: 'changing', work: async (entry) => await this.#take(entry, prefix) })
    const metas = folderMetas(all, folders, (signature) => this.#metaOf(signature))
    await this.#forEach({ items: [...metas].filter(([path]) => path !== TOP), name: ([path]) => `folder ${path}`, pathOf: ([path]) => path, work: ([path, meta]) => files.setMeta(this.#place(path), meta) })
    await this.#site.fault?.('unstage')
    await this.dropStage()
    await this.#site.fault?.('top')
    const top = metas.get(TOP)
    if (top) await files.setMeta(this.#place(TOP), top)
    await this.#site.fault?.('flush')
    await this.#flush(all, metas)
  }

  async #make({ path, after }: Step, to: Place, from: Origin | null): Promise<void> {
    const { files } = this.#site
    if (after?.type === 'symlink') return await files.symlink(to, fromBytes(after.linkTarget ?? '').toString('latin1'))
    if (after?.type === 'directory') {
      await files.mkdir(to, 0o700)
      if (from) await files.copyAttributes(from.place, to)
      return
    }
    if (!from) throw new FileError('ENOENT', 'stage', path)
    if (from.isPreImage) await this.#keep(from.place, to, true)
    else await files.copy(from.place, to, true)
  }

  /** The same file under another name where that can be, else a copy. */
  async #keep(from: Place, to: Place, mayLink: boolean): Promise<void> {
    const { files } = this.#site
    if (mayLink) {
      try {
        return await files.link(from, to)
      } catch (error) {
        if (!(error instanceof FileError) || !CANNOT_LINK.has(error.code)) throw error
      }
    }
    await files.copy(from, to, to.root === this.#site.project)
  }

  /** Then one flush is enough for both. */
  async #isOneDevice(root: Root): Promise<boolean> {
    const [here, there] = await Promise.all([this.#site.files.stat(this.#place(TOP)), this.#site.files.stat({ root, path: TOP })])
    return here?.dev === there?.dev
  }

  /** Removes the staging folder and all it holds; false when there was none. */
  async dropStage(): Promise<boolean> {
    const { files } = this.#site
    const stage = this.#place(this.#journal.stage)
    if (!(await files.stat(stage))) return false
    for (const name of await files.list(stage)) {
      const place = this.#place(`${this.#journal.stage}/${name}`)
      const isDirectory = (await files.stat(place))?.type === 'directory'
      await (isDirectory ? files.rmdir(place) : files.unlink(place))
    }
    await files.rmdir(stage)
    return true
  }

  /** False once everything was taken: the staging folder goes last. */
  async hasStage(): Promise<boolean> {
    return (await this.#site.files.stat(this.#place(this.#journal.stage))) !== null
  }

  async isStagedYet(index: number): Promise<boolean> {
    return (await this.stagedType(index)) !== null
  }

  async stagedType(index: number): Promise<FileStat['type'] | null> {
    return (await this.#site.files.stat(this.#staged(index, '')))?.type ?? null
  }

  async #take({ step, index, stat }: Ready, prefix: string): Promise<void> {
    const { files } = this.#site
    const place = this.#place(step.path)
    const staged = this.#staged(index, prefix)
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
        if (!isFolder(step.after)) await files.setMeta(place, this.#metaOf(step.after))
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
    await this.#forEach({ items: tight, name: ({ path }) => `loosen ${path}`, pathOf: ({ path }) => path, work: ({ path, mode }) => this.#site.files.setMeta(this.#place(path), { mode: mode | 0o700 }) })
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
    await this.#forEach({
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

  /** What was copied is what was approved, byte by byte. */
  async #verify(copied: readonly { step: Step; index: number }[], { root, prefix, side, code }: Copies): Promise<void> {
    using tree = new Tree()
    const hasher = new Hasher(this.#site.breath)
    const files = copied.filter(({ step }) => side(step)?.type === 'file')
    const hashes = await this.#site.files.hashes(root, files.map(({ index }) => `${prefix}${index}`))
    for (const [at, { step, index }] of files.entries()) {
      const sha256 = hashes[at]?.sha256 ?? (await hasher.sha256(tree.at(root.path, `${prefix}${index}`)))
      if (sha256 !== side(step)?.sha256) throw new StepError(step.path, new FileError(code, 'copy', step.path))
      if (this.#site.breath.isDue) await this.#site.breath.take()
    }
  }

  #metaOf(signature: Signature | null): Meta {
    if (!signature) return {}
    return { mode: Number.parseInt(signature.mode, 8), owner: { uid: signature.uid, gid: signature.gid, required: this.#site.isRoot }, mtimeNs: BigInt(signature.mtimeNs) }
  }

  /** Names the path in every failure. */
  async #forEach<Item>({ pathOf, work, ...round }: Round<Item> & { readonly pathOf: (item: Item) => BytePath }): Promise<void> {
    await forEach(this.#site, {
      ...round, work: async (item) => {
        try {
          await work(item)
        } catch (error) {
          throw new StepError(pathOf(item), error)
        }
      },
    })
  }

  #staged(index: number, prefix: string): Place {
    return this.#place(`${this.#journal.stage}/${prefix}${index}`)
  }

  #place(path: string): Place {
    return placeIn(this.#site, path)
  }
}

/** Copies to be checked: where they are, which side of the step they hold, and what a mismatch is called. */
interface Copies {
  readonly root: Root
  readonly prefix: string
  readonly side: (step: Step) => Signature | null
  readonly code: string
}

function pathOfStep({ step }: Indexed): BytePath {
  return step.path
}

/** Another file system or project quota, too many names, a kernel that lets only owners give names, a file system without. */
const CANNOT_LINK: ReadonlySet<string> = new Set(['EXDEV', 'EMLINK', 'EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS'])

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** More directories than this are flushed at once with their whole file system. */
const FLUSH_WHOLE = 64

export function isBackedUp({ before, how, attributes }: Step): boolean {
  if (before?.type === 'file') return how !== 'meta'
  return isFolder(before) && (how !== 'meta' || attributes)
}
