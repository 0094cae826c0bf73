/** Ends runs and what goes on beside them at once, and keeps account of what has ended. */
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { LiveRun, LiveRuns } from './live.ts'
import type { Ending } from './receipt.ts'

export interface Endings {
  /** One for each, settled when it is over. */
  readonly over: readonly Promise<unknown>[]
  /** As far as they have come. */
  endings(): Ending[]
}

/** Of one run, or of everything; `queued`: those that have not begun. */
export function endAll(live: LiveRuns, { of, queued, reason }: { readonly of?: string; readonly queued: ReadonlySet<string>; readonly reason: NonNullable<LiveRun['endedBy']> }): Endings {
  const ids = live.ids().filter((id) => of === undefined || id === of)
  const runs = ids.map((id) => {
    const one = { id, reach: live.get(id)?.net, end: undefined as LaunchEnd | undefined }
    const over = live.get(id)?.launch?.ended.then((end) => { one.end = end })
    live.end(id, reason)
    return { one, over }
  })
  const beside = live.endBeside(of).map(({ of: id, done }) => {
    const one = { id, isOver: false }
    return { one, over: done.catch(() => undefined).then(() => { one.isOver = true }) }
  })
  return {
    over: [...runs.flatMap(({ over }) => over ?? []), ...beside.map(({ over }) => over)],
    endings: () => [
      ...runs.map(({ one: { id, reach, end }, over }): Ending => ({ id, was: queued.has(id) ? 'queued' : 'running', reach, end: over ? end : {} })),
      ...beside.flatMap(({ one: { id, isOver } }): Ending[] => (id === null ? [] : [{ id, was: 'check', end: isOver ? {} : undefined }])),
    ],
  }
}
