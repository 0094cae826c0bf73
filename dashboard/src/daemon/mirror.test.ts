import { expect, test, vi } from 'vitest'
import type { Event } from '@nexus/protocol/events'
import { Refusal, type Calls } from './calls.ts'
import { Mirror } from './mirror.ts'
import type { Stream, Subscription } from './stream.ts'

const event = (seq: number, type: string, subject: string, payload: unknown = {}): Event => ({ seq, at: seq, type, actor: 'a', subject, payloadHash: '', hash: '', payload })

/** A daemon whose answers the test decides, and frames that come when the test says so. */
function stage({ head = 10, runs = [] as unknown[] } = {}) {
  const frames: (() => void)[] = []
  const followed: Subscription[] = []
  const asked: string[] = []
  const status = { head, killed: false, build: 'b' }
  const calls = {
    system: { status: { query: async () => { asked.push('status'); return status } } },
    runs: {
      list: { query: async ({ before }: { before?: string }) => { asked.push(`list ${before ?? ''}`); return before ? { runs: [{ id: 'rold', status: 'kept' }] } : { runs, next: 'more' } } },
      get: { query: async ({ run }: { run: string }) => { asked.push(`get ${run}`); return { run: { id: run } } } },
    },
  }
  // The mirror uses no more of them than this.
  const mirror = new Mirror({ calls: calls as unknown as Calls, build: 'b', nextFrame: (work) => frames.push(work) })
  const stream = { follow: (subscription: Subscription) => { followed.push(subscription); return () => undefined } } as unknown as Stream
  return { mirror, stream, calls, frames, followed, asked, status, say: (one: Event) => followed.at(-1)?.onData({ id: String(one.seq), data: [one] }), draw: () => { for (const frame of frames.splice(0)) frame() } }
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

test('the list, then the log from where the list stood', async () => {
  const { mirror, stream, followed, asked } = stage()
  await mirror.start(stream)
  expect(asked).toEqual(['status', 'list '])
  expect([followed[0]?.procedure, followed[0]?.input()]).toEqual(['events.batches', { after: 10 }])
  expect(mirror.picture().hasOlder).toBe(true)
})

test('many events are one picture: folded and told once per frame', async () => {
  const { mirror, stream, frames, followed, say, draw } = stage()
  await mirror.start(stream)
  let told = 0
  mirror.subscribe(() => { told += 1 })
  for (let seq = 11; seq < 111; seq += 1) say(event(seq, 'run.queued', `r${seq}`, { command: ['x'] }))
  expect([frames.length, told, followed[0]?.input()]).toEqual([1, 0, { after: 110 }])
  draw()
  expect([told, mirror.picture().view?.seq, mirror.picture().view?.runs.length]).toEqual([1, 110, 100])
})

test('a run that is looked at is asked for again when something happened to it, and only then', async () => {
  const { mirror, stream, asked, say, draw } = stage()
  await mirror.start(stream)
  const leave = mirror.watch('ra')
  await settled()
  say(event(11, 'run.started', 'rb', { to: 'running' }))
  draw()
  say(event(12, 'run.started', 'ra', { to: 'running' }))
  say(event(13, 'run.sealed', 'ra', { to: 'kept' }))
  draw()
  await settled()
  leave()
  say(event(14, 'run.applied', 'ra', { to: 'applied' }))
  draw()
  expect(asked.filter((what) => what.startsWith('get'))).toEqual(['get ra', 'get ra'])
})

test('after a break it goes on from the last number; a log that begins anew is read anew', async () => {
  const { mirror, stream, followed, asked, status, say, draw } = stage()
  await mirror.start(stream)
  say(event(11, 'system.killed', 'system'))
  draw()
  expect(mirror.picture().view?.killed).toBe(true)
  mirror.connected({ type: 'lost', since: 1 })
  status.head = 11
  mirror.connected({ type: 'live' })
  await settled()
  expect([followed.length, followed[0]?.input()]).toEqual([1, { after: 11 }])
  status.head = 2
  mirror.connected({ type: 'live' })
  await settled()
  expect([followed.length, followed.at(-1)?.input(), asked.filter((what) => what === 'list ').length]).toEqual([2, { after: 2 }, 2])
})

test('the kill switch counts as soon as a call says so; another build is told', async () => {
  const { mirror, stream, status } = stage({ runs: [{ id: 'rnew', status: 'kept' }] })
  status.build = 'c'
  await mirror.start(stream)
  mirror.killed(true)
  expect([mirror.picture().view?.killed, mirror.picture().isOutdated]).toEqual([true, true])
  await mirror.older()
  expect([mirror.picture().hasOlder, mirror.picture().view?.runs.map(({ id }) => id)]).toEqual([false, ['rnew', 'rold']])
})

test('a browser that is not let in any more does not ask for ever', async () => {
  vi.useFakeTimers()
  try {
    const { mirror, stream, calls, asked } = stage()
    calls.runs.list.query = async () => { throw new Refusal({ code: 'access-denied', message: '', next: '' }) }
    await mirror.start(stream)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toEqual(['status'])
  } finally {
    vi.useRealTimers()
  }
})
