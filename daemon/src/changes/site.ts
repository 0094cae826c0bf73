/** Where an apply or rollback works: the project, the helper, and the ways to pause, to flush and to be interrupted. */
import type { Progress } from '@nexus/protocol/run-output'
import type { Files, Place, Root } from '../base/files.ts'
import type { Breath } from './breath.ts'
import type { BytePath } from './byte-path.ts'
import type { Report } from './changes.ts'

export interface Site {
  readonly files: Files
  readonly project: Root
  readonly breath: Breath
  readonly isRoot: boolean
  readonly now: () => number
  readonly fault: ((step: string) => void | Promise<void>) | undefined
  readonly report: Report | undefined
}

export function placeIn(site: Site, path: string): Place {
  return { root: site.project, path }
}

const BATCH = 256

export interface Round<Item> {
  readonly items: readonly Item[]
  /** What a test knows the step by. */
  readonly name: (item: Item) => string
  readonly work: (item: Item) => Promise<void>
  /** Told to who waits, batch by batch. */
  readonly phase?: Progress['phase'] | undefined
}

/**
 * Does a piece of work for each, many under way at once; the helper keeps their order. When one fails the rest of its
 * batch still ends before the failure is told. A test that wants to stop between two gets them one by one.
 */
export async function forEach<Item>(site: Site, { items, name, work, phase }: Round<Item>): Promise<void> {
  if (site.fault) {
    for (const item of items) {
      await site.fault(name(item))
      await work(item)
    }
    return
  }
  for (let start = 0; start < items.length; start += BATCH) {
    const results = await Promise.allSettled(items.slice(start, start + BATCH).map(work))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    if (phase) site.report?.({ phase, done: start + results.length, total: items.length })
    await site.breath.take()
  }
}

/** The same, and every failure names its path. */
export async function forEachPath<Item>(site: Site, { pathOf, work, ...round }: Round<Item> & { readonly pathOf: (item: Item) => BytePath }): Promise<void> {
  await forEach(site, {
    ...round, work: async (item) => {
      try {
        await work(item)
      } catch (error) {
        throw new StepError(pathOf(item), error)
      }
    },
  })
}

/** A failure that belongs to one path. */
export class StepError extends Error {
  readonly path: BytePath

  constructor(path: BytePath, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'StepError'
    this.path = path
  }
}
