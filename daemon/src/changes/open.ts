/** Puts the room together: helpers started when first used, one view per question, one lane per project. */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from '@nexus/protocol/changes'
import { Problem } from '@nexus/protocol/problem'
import { FileError, type Files, type Root } from '../base/files.ts'
import { openNativeFiles } from '../base/native-files.ts'
import { apply } from './apply.ts'
import { packBefore, unpack } from './before.ts'
import { Breath } from './breath.ts'
import { fromText, TOP } from './byte-path.ts'
import type { ApplyOrder, ChangeSet, Changes, ChangesParts, Ground, HostWrite, MergeOrder, Outcome, Proposal, Recovered, Report, RollbackOrder } from './changes.ts'
import { combine } from './combine.ts'
import { conflict } from './conflicts.ts'
import { CopyView } from './copy-view.ts'
import { Doors } from './doors.ts'
import { hiddenIn, STAGE_PREFIX } from './hidden.ts'
import { Staging } from './staging.ts'
import { Host } from './host.ts'
import { isInPlace, requireInPlace } from './in-place.ts'
import { Journals, type Journal } from './journal.ts'
import { Lanes } from './lanes.ts'
import { codeOf } from './code-of.ts'
import { NodeFiles } from './node-files.ts'
import { OverlayView } from './overlay-view.ts'
import { patch } from './patch.ts'
import { preImages } from './pre-images.ts'
import { propose } from './propose.ts'
import { hasRedirects } from './redirects.ts'
import { rollback } from './rollback.ts'
import { settle } from './settle.ts'
import type { Site } from './site.ts'
import { squash } from './squash.ts'
import { survey } from './survey.ts'
import { readSmall, TEXT_MAX_BYTES } from './texts.ts'
import type { View } from './view.ts'
import { writtenSince } from './written.ts'

export async function openChanges(parts: ChangesParts): Promise<Changes & AsyncDisposable> {
  return new ChangesRoom(parts)
}

const VIEWS = { overlay: OverlayView, copy: CopyView } as const
const LOCK_WAIT_MS = 10_000

class ChangesRoom implements Changes, AsyncDisposable {
  readonly #parts: ChangesParts
  readonly #journals: Journals
  readonly #lanes = new Lanes()
  readonly #doors = new Doors()
  readonly #isRoot = process.geteuid?.() === 0
  /** Finished journals whose end the caller was told of and has not noted yet. */
  readonly #told = new Set<string>()
  /** Two helpers, so that a review does not wait behind the copying of a large file. */
  readonly #helpers: { reading?: Promise<Files>; writing?: Promise<Files> } = {}

  constructor(parts: ChangesParts) {
    this.#parts = parts
    this.#journals = new Journals(parts.state, parts.now, parts.relieved)
  }

  async survey(ground: Ground, signal?: AbortSignal): Promise<ChangeSet> {
    const breath = new Breath(signal)
    const files = await this.#files('reading')
    await using view = await this.#view(ground, files, breath)
    return await survey({ ground, view, files, breath, isRoot: this.#isRoot })
  }

  async hasRedirects(upper: string): Promise<boolean> {
    const files = await this.#files('reading')
    await using root = await files.open(fromText(upper))
    return await hasRedirects(files, root, new Breath())
  }

  async combine(ground: Ground, sets: readonly (readonly Change[])[]): Promise<ChangeSet> {
    const breath = new Breath()
    await using view = await this.#view(ground, await this.#files('reading'), breath)
    return await combine({ view, project: ground.project, isRoot: this.#isRoot, breath }, sets)
  }

  async squash(ground: Ground, to: string): Promise<void> {
    const breath = new Breath()
    const files = await this.#files('reading')
    await using view = await this.#view(ground, files, breath)
    await squash({ ground, view, files, breath }, to)
  }

  async patch(ground: Ground, changes: readonly Change[], options: { maxBytes?: number } = {}): Promise<string> {
    const breath = new Breath()
    await using view = await this.#view(ground, await this.#files('reading'), breath)
    return await patch({ view, breath, project: ground.project, archive: this.#archive(ground, changes) }, changes, options)
  }

  async pack(ground: Ground, changes: readonly Change[], signal?: AbortSignal): Promise<Buffer> {
    const breath = new Breath(signal)
    await using view = await this.#view(ground, await this.#files('reading'), breath)
    return await packBefore(view, changes, breath)
  }

  async propose(order: MergeOrder): Promise<Proposal> {
    const { ground, selected } = order
    return await this.#at(ground.project, undefined, async (site) => {
      await using view = await this.#view(ground, site.files, site.breath)
      return await propose({ site, view, order, project: ground.project, archive: this.#archive(ground, selected) })
    })
  }

  async apply(order: ApplyOrder): Promise<Outcome> {
    return await this.#at(order.ground.project, order.report, async (site) => {
      this.noted(order.run)
      await using view = await this.#view(order.ground, site.files, site.breath)
      const outcome = await apply(site, this.#journals, view, order, this.#archive(order.ground, order.selected))
      this.#tell(order.run)
      return outcome
    })
  }

  async rollback({ run, project, report }: RollbackOrder): Promise<Outcome> {
    return await this.#at(project, report, async (site) => {
      this.noted(run)
      const outcome = await rollback(site, this.#journals, run)
      this.#tell(run)
      return outcome
    })
  }

  async recover(unnoted: ReadonlySet<string> = new Set()): Promise<Recovered[]> {
    const recovered: Recovered[] = []
    await this.#journals.sweepAgain()
    for (const name of this.#journals.unsettled()) {
      const journal = this.#journals.read(name)
      if (!journal) continue
      const { plan } = journal
      try {
        recovered.push(...(await this.#at(plan.project, undefined, (site) => this.#recoverOne(site, name, unnoted))))
      } catch (error) {
        // A project that is gone or locked, a disk that is full: one journal must not hold up the others.
        if (!(error instanceof Error && 'code' in error)) throw error
        const cause = error instanceof FileError ? error.code : error instanceof Error ? error.message : String(error)
        recovered.push({ run: plan.run, direction: plan.direction, ended: 'stuck', paths: plan.paths, conflicts: [conflict(TOP, 'io', { detail: `the project ${plan.project}: ${cause}` })] })
      }
    }
    return recovered
  }

  noted(run: string): void {
    for (const name of this.#journals.unsettled(run)) {
      if (!this.#journals.isDone(name)) continue
      this.#told.delete(name)
      try {
        this.#journals.mark(name, 'settled')
      } catch {
        // Not written (a full disk, an I/O error): the next start tells of this end once more, which the record then knows already.
      }
    }
  }

  async dropBackups(run: string): Promise<void> {
    const project = this.#journals.all(run)[0]?.plan.project
    const drop = async () => {
      if (this.#journals.all(run).some(isOpen)) return
      this.noted(run)
      await rm(join(this.#parts.state, 'backups', run), { recursive: true, force: true })
      this.#journals.forget(run)
    }
    await (project === undefined ? drop() : this.#lanes.take(project, drop))
  }

  writtenSince(at: number): HostWrite[] {
    return writtenSince(this.#journals, at)
  }

  async sweepStages(project: string, dryRun: boolean): Promise<number> {
    const stale = () => stagesIn(project).flatMap((name) => {
      const journals = this.#journals.all(name.slice(STAGE_PREFIX.length))
      const last = journals.at(-1)
      // Without a journal it is not ours: another daemon, with another state folder, may be at work there.
      return last?.stage === name && last.plan.project === project && !journals.some(isOpen) ? [last] : []
    })
    if (!isInPlace(project)) return 0
    if (dryRun || stale().length === 0) return stale().length
    return await this.#at(project, undefined, async (site) => {
      let count = 0
      for (const journal of stale()) if (await new Staging(site, journal).drop()) count += 1
      return count
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Object.values(this.#helpers).map(async (helper) => await (await helper.catch(() => null))?.[Symbol.asyncDispose]()))
  }

  /** In the lane nothing else works on that project, so a journal that has no end has nobody who will end it. */
  async #recoverOne(site: Site, name: string, unnoted: ReadonlySet<string>): Promise<Recovered[]> {
    const journal = this.#journals.read(name)
    if (!journal || (this.#told.has(name) && !unnoted.has(journal.plan.run))) return []
    const { run, direction, paths } = journal.plan
    if (isOpen(journal)) {
      using host = new Host(site)
      const recovered = await settle(site, host, this.#journals, journal)
      this.#tell(run)
      return [recovered]
    }
    if (!journal.marks.has('done') || journal.marks.has('settled')) return []
    await this.#journals.sweep(journal)
    this.#tell(run)
    return [{ run, direction, ended: 'finished', paths, conflicts: [] }]
  }

  /** Works in the project's lane, holding its lock against other daemons. */
  async #at<Result>(project: string, report: Report | undefined, work: (site: Site) => Promise<Result>): Promise<Result> {
    return await this.#lanes.take(project, async () => {
      requireInPlace(project)
      const files = await this.#files('writing')
      await using root = await files.open(fromText(project))
      await lock(files, root, project)
      return await work({ files, project: root, breath: new Breath(), isRoot: this.#isRoot, now: this.#parts.now, fault: this.#parts.fault, report })
    })
  }

  /** Looked through only when a content is missed, once. */
  #archive({ project, before = [] }: Ground, changes: readonly Change[]): (sha256: string) => Buffer | null {
    let kept: ReturnType<typeof preImages> | undefined
    return (sha256) => {
      for (const file of before) {
        const packed = unpack(file, sha256)
        if (packed) return packed
      }
      kept ??= preImages(this.#journals, project, new Set(changes.flatMap((change) => [change.before?.sha256 ?? [], change.after?.sha256 ?? []].flat())))
      const image = kept.get(sha256)
      const content = image ? readSmall(join(image.folder, image.name), false, TEXT_MAX_BYTES) : null
      return content && hash('sha256', content, 'hex') === sha256 ? content : null
    }
  }

  async #view(ground: Ground, files: Files, breath: Breath): Promise<View> {
    requireInPlace(ground.project)
    const visit = this.#doors.visit([ground.upper, ...ground.parents])
    return await VIEWS[ground.backend].open({ ground, files, breath, visit, hidden: hiddenIn(ground.project, this.#parts.state) })
  }

  /** A helper that ended is started again. */
  async #files(purpose: 'reading' | 'writing'): Promise<Files> {
    const running = await this.#helpers[purpose]
    if (running && !running.isClosed) return running
    const { nativePath } = this.#parts
    const helper = nativePath === null ? Promise.resolve(new NodeFiles()) : openNativeFiles(nativePath)
    this.#helpers[purpose] = helper
    return await helper
  }

  /** The caller hears of the end now; should it not come to note it, recovery tells it again. */
  #tell(run: string): void {
    for (const name of this.#journals.unsettled(run)) if (this.#journals.isDone(name)) this.#told.add(name)
  }
}

function isOpen({ marks }: Journal): boolean {
  return !marks.has('done') && !marks.has('undone')
}

async function lock(files: Files, root: Root, project: string): Promise<void> {
  for (const until = performance.now() + LOCK_WAIT_MS; ;) {
    try {
      return await files.lock(root)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      // A directory that may not be read cannot be locked, nor can one on a file system without locks.
      if (error.code !== 'EAGAIN' && error.code !== 'EWOULDBLOCK') return
      if (performance.now() > until) throw new Problem('io', { what: `${project} is being changed by another Nexus`, cause: 'its lock is held', fix: 'wait for it to end, then try again' }, { cause: error })
      await sleep(50)
    }
  }
}

/** A project that is gone, or that may not be read, has none. */
function stagesIn(project: string): string[] {
  try {
    return fs.readdirSync(project).filter((name) => name.startsWith(STAGE_PREFIX))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'EIO', 'ESTALE'].includes(codeOf(error))) return []
    throw error
  }
}

