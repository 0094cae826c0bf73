/**
 * What this page knows of the daemon: the view (a list, then every event after it, folded once per frame), the runs that
 * somebody looks at, whether the stream is live. The screen only ever reads `picture()`.
 */
import type { Event } from '@nexus/protocol/events'
import type { Receipt } from '@nexus/protocol/receipt'
import type { Run } from '@nexus/protocol/runs'
import { fold, viewFrom, withOlder, type View } from '@nexus/protocol/view'
import { problemOf, type Calls } from './calls.ts'
import type { Connection, Stream } from './stream.ts'

export interface Picture {
  readonly connection: Connection
  /** Undefined until the first list has come. */
  readonly view: View | undefined
  /** There are older runs than the view holds. */
  readonly hasOlder: boolean
  /** Runs in full, by id: those that are or were looked at. */
  readonly runs: ReadonlyMap<string, Run>
  /** Of the kill that this page asked for, until somebody releases. */
  readonly receipt: Receipt | undefined
  /** The daemon is another build than this page. */
  readonly isOutdated: boolean
}

export interface MirrorParts {
  readonly calls: Calls
  readonly build: string
  /** Calls back before the next frame; at once enough when the page is hidden. */
  readonly nextFrame: (work: () => void) => void
}

const PAGE = 100
const RETRY_MS = 500

export class Mirror {
  readonly #parts: MirrorParts
  readonly #listeners = new Set<() => void>()
  readonly #waiting: Event[] = []
  readonly #watched = new Map<string, number>()
  readonly #asking = new Map<string, boolean>()
  #stream: Stream | undefined
  #unfollow: (() => void) | undefined
  #picture: Picture = { connection: { type: 'connecting' }, view: undefined, hasOlder: false, runs: new Map(), receipt: undefined, isOutdated: false }

  constructor(parts: MirrorParts) {
    this.#parts = parts
  }

  readonly picture = (): Picture => this.#picture

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The list first, then the log from where the list stood. */
  async start(stream: Stream): Promise<void> {
    this.#stream = stream
    await this.#begin()
  }

  connected(connection: Connection): void {
    this.#change({ connection })
    if (connection.type === 'live' && this.#picture.view) void this.#check()
  }

  /** Keeps the full run up to date for as long as somebody looks at it. Returns the end of it. */
  watch(id: string): () => void {
    this.#watched.set(id, (this.#watched.get(id) ?? 0) + 1)
    void this.refresh(id)
    return () => {
      const left = (this.#watched.get(id) ?? 1) - 1
      if (left === 0) this.#watched.delete(id)
      else this.#watched.set(id, left)
    }
  }

  async refresh(id: string): Promise<void> {
    const isAsking = this.#asking.has(id)
    // `true`: something happened while the answer was on its way, so that it is asked once more.
    this.#asking.set(id, isAsking)
    if (isAsking) return
    try {
      const { run } = await this.#parts.calls.runs.get.query({ run: id })
      this.#change({ runs: new Map([...this.#picture.runs, [id, run]]) })
    } catch {
      // Unknown, or nobody answers: the page says so by what it lacks, and asks again when the stream is back.
    } finally {
      const isStale = this.#asking.get(id)
      this.#asking.delete(id)
      if (isStale) void this.refresh(id)
    }
  }

  async older(): Promise<void> {
    const { view } = this.#picture
    const last = view?.runs.at(-1)
    if (!view || !last) return
    const { runs, next } = await this.#parts.calls.runs.list.query({ all: true, limit: PAGE, before: last.id })
    if (this.#picture.view) this.#change({ view: withOlder(this.#picture.view, runs), hasOlder: next !== undefined })
  }

  /** What a call has answered about the kill switch: it counts even while the stream is down. */
  killed(isOn: boolean, receipt?: Receipt): void {
    if (this.#picture.view) this.#change({ view: { ...this.#picture.view, killed: isOn }, receipt })
  }

  async #begin(): Promise<void> {
    try {
      const { calls, build } = this.#parts
      const status = await calls.system.status.query()
      const { runs, next } = await calls.runs.list.query({ all: true, limit: PAGE })
      this.#waiting.length = 0
      this.#change({ view: viewFrom(status, runs), hasOlder: next !== undefined, isOutdated: status.build !== build })
      this.#follow()
    } catch (error) {
      // This browser is not let in (any more), and never will be with this secret.
      if (problemOf(error).code === 'access-denied') return
      // Nobody answers yet; `connection` tells so. Once the stream is live the list is there to be had.
      setTimeout(() => void this.#begin(), RETRY_MS)
    }
  }

  #follow(): void {
    this.#unfollow?.()
    this.#unfollow = this.#stream?.follow({
      procedure: 'events.batches',
      input: () => ({ after: this.#seen }),
      onData: (data) => this.#take((data as { data: readonly Event[] }).data),
      // The daemon ends it when it stops: the next one goes on from the same number.
      onEnd: () => setTimeout(() => this.#follow(), RETRY_MS),
      onProblem: () => setTimeout(() => this.#follow(), RETRY_MS),
    })
  }

  /** After a break: is it still the same log, the same build? What was looked at may have changed meanwhile. */
  async #check(): Promise<void> {
    try {
      const status = await this.#parts.calls.system.status.query()
      this.#change({ isOutdated: status.build !== this.#parts.build })
      if (status.head < this.#seen) return await this.#begin()
    } catch {
      // It went away again; the next connection asks again.
      return
    }
    for (const id of this.#watched.keys()) void this.refresh(id)
  }

  get #seen(): number {
    return this.#waiting.at(-1)?.seq ?? this.#picture.view?.seq ?? 0
  }

  #take(events: readonly Event[]): void {
    const isFirst = this.#waiting.length === 0
    this.#waiting.push(...events)
    if (isFirst) this.#parts.nextFrame(() => this.#fold())
  }

  #fold(): void {
    const events = this.#waiting.splice(0)
    const { view } = this.#picture
    if (!view || events.length === 0) return
    this.#change({ view: fold(view, events) })
    const touched = new Set(events.map(({ subject }) => subject))
    for (const id of this.#watched.keys()) if (touched.has(id)) void this.refresh(id)
  }

  #change(part: Partial<Picture>): void {
    const next = { ...this.#picture, ...part }
    this.#picture = next.view?.killed === false ? { ...next, receipt: undefined } : next
    for (const listener of this.#listeners) listener()
  }
}
