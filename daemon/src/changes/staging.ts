/**
 * What an apply needs before it changes anything: the new objects, one rename away from their places, and pre-images of
 * what will give way. Both lie on the disk before the first change.
 */
import fs from 'node:fs'
import type { Signature } from '@nexus/protocol/changes'
import { fromBytes } from '@nexus/protocol/bytes'
import { FileError, type FileStat, type Meta, type Place, type Root } from '../base/files.ts'
import { fromText, TOP } from './byte-path.ts'
import type { Journal } from './journal.ts'
import { isBackedUp, isFolder, isStaged, pathOfStep, type IndexedStep, type Origin, type Source, type Step } from './plan.ts'
import { flushAbove } from './flush-above.ts'
import { Hasher } from './seen.ts'
import { forEachPath, placeIn, StepError, type Site } from './site.ts'
import { Tree } from './tree.ts'

export class Staging {
  readonly #site: Site
  readonly #journal: Journal

  constructor(site: Site, journal: Journal) {
    this.#site = site
    this.#journal = journal
  }

  /** An empty staging folder; one that is left from a crash is emptied. */
  async open(): Promise<void> {
    await this.drop()
    await this.#site.files.mkdir(this.#place(this.#journal.stage), 0o700)
  }

  /**
   * Pre-images of everything that will be replaced or removed, each checked against what the plan saw. The file itself
   * is kept, under another name: what replaces it is another file. Only where it has more names already, or where no
   * name can be given to it here, it is copied. `fill` flushes both.
   */
  async backUp(steps: readonly Step[], stats: readonly (FileStat | null)[]): Promise<void> {
    const made = fs.mkdirSync(this.#journal.backups, { recursive: true, mode: 0o700 })
    if (!this.#site.files.flushesWhole) flushAbove(this.#journal.backups, made)
    await using backups = await this.#site.files.open(fromText(this.#journal.backups))
    const kept = steps.map((step, index) => ({ step, index })).filter(({ step }) => isBackedUp(step))
    await forEachPath(this.#site, {
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
  async fill(steps: readonly Step[], source: Source, prefix = ''): Promise<void> {
    const { files } = this.#site
    const made = steps.map((step, index) => ({ step, index })).filter(({ step }) => isStaged(step))
    const copied = made.filter(({ step }) => step.twin === undefined)
    const work = async ({ step, index }: IndexedStep) => await this.#make(step, this.at(index, prefix), source(step, index))
    await forEachPath(this.#site, { items: copied, name: ({ index }) => `stage ${index}`, pathOf: pathOfStep, phase: 'staging', work })
    await this.#verify(copied, { root: this.#site.project, prefix: `${this.#journal.stage}/${prefix}`, side: (step) => step.after, code: 'EBADMSG' })
    // A directory keeps its private mode until what belongs into it is there.
    const finished = copied.filter(({ step }) => !isFolder(step.after))
    const dress = ({ step, index }: IndexedStep) => files.setMeta(this.at(index, prefix), metaOf(this.#site, step.after))
    await forEachPath(this.#site, { items: finished, name: ({ index }) => `dress ${index}`, pathOf: pathOfStep, work: dress })
    const link = ({ step, index }: IndexedStep) => files.link(this.at(step.twin ?? index, prefix), this.at(index, prefix))
    await forEachPath(this.#site, { items: made.filter(({ step }) => step.twin !== undefined), name: ({ index }) => `link ${index}`, pathOf: pathOfStep, work: link })
    await files.syncfs(this.#place(this.#journal.stage))
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
  async drop(): Promise<boolean> {
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
  async exists(): Promise<boolean> {
    return (await this.#site.files.stat(this.#place(this.#journal.stage))) !== null
  }

  async has(index: number): Promise<boolean> {
    return (await this.typeOf(index)) !== null
  }

  async typeOf(index: number): Promise<FileStat['type'] | null> {
    return (await this.#site.files.stat(this.at(index, '')))?.type ?? null
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

  /** Where the object of a step lies until it is renamed into place. */
  at(index: number, prefix: string): Place {
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

/** Another file system or project quota, too many names, a kernel that lets only owners give names, a file system without. */
const CANNOT_LINK: ReadonlySet<string> = new Set(['EXDEV', 'EMLINK', 'EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS'])

export function metaOf(site: Site, signature: Signature | null): Meta {
  if (!signature) return {}
  return { mode: Number.parseInt(signature.mode, 8), owner: { uid: signature.uid, gid: signature.gid, required: site.isRoot }, mtimeNs: BigInt(signature.mtimeNs) }
}
