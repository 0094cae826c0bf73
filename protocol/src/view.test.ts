import { expect, test } from 'vitest'
import type { Event } from './events.ts'
import { fold, viewFrom, withOlder, type View } from './view.ts'

const empty = viewFrom({ head: 0, killed: false }, [])
let seq = 0
function event(type: string, subject: string, payload?: unknown): Event {
  seq += 1
  return { seq, at: 1000 + seq, type, actor: 'person:socket', subject, payloadHash: '', hash: '', ...(payload === undefined ? {} : { payload }) }
}
const COUNTS = { added: 1, modified: 0, deleted: 0, renamed: 0, type: 0, meta: 0 }
const life = (id: string) => [
  event('run.queued', id, { command: ['ls'], cwd: '/p', project: '/p', strength: 'full', backend: 'overlay' }),
  event('run.layer-opened', id, {}),
  event('run.started', id, { from: 'queued', to: 'running' }),
  event('run.sealed', id, { from: 'running', to: 'kept', exitCode: 0, signal: null, digest: 'd', counts: COUNTS, durationMs: 7 }),
]

test('a run comes from its events alone', () => {
  const events = life('rone')
  expect(fold(empty, events)).toEqual({
    seq, killed: false,
    runs: [{ id: 'rone', project: '/p', command: ['ls'], cwd: '/p', strength: 'full', backend: 'overlay', status: 'kept', exitCode: 0, signal: null, createdAt: events[0]!.at, startedAt: events[2]!.at, durationMs: 7, counts: COUNTS, digest: 'd', verdict: null }],
  } satisfies View)
})

test('one by one or all at once, the view is the same; what was seen changes nothing when it comes again', () => {
  const events = [...life('ra'), event('system.killed', 'system', { on: true }), ...life('rb'), event('run.discarded', 'ra', { from: 'kept', to: 'discarded' })]
  const atOnce = fold(empty, events)
  expect(events.reduce((view, one) => fold(view, [one]), empty)).toEqual(atOnce)
  expect(fold(atOnce, events)).toBe(atOnce)
  expect(atOnce.runs.map(({ id, status }) => [id, status])).toEqual([['rb', 'kept'], ['ra', 'discarded']])
  expect(atOnce.killed).toBe(true)
})

test('a run that no event touches stays the same object', () => {
  const view = fold(empty, [...life('ra'), ...life('rb')])
  const next = fold(view, [event('run.apply-began', 'rb', { from: 'kept', to: 'applying' })])
  expect(next.runs[1]).toBe(view.runs[1])
  expect(next.runs[0]?.status).toBe('applying')
})

test('an event of a run that lies further back, or without its payload, is no error', () => {
  const view = fold(empty, life('ra'))
  expect(fold(view, [event('run.applied', 'rold', { to: 'applied' }), event('run.applied', 'ra')]).runs).toEqual(view.runs)
})

test('older runs go behind, each once', () => {
  const view = fold(empty, [...life('ra'), ...life('rb')])
  const [newest, oldest] = view.runs
  const older = { ...oldest!, id: 'rz' }
  expect(withOlder({ ...view, runs: [newest!, oldest!] }, [oldest!, older]).runs.map(({ id }) => id)).toEqual(['rb', 'ra', 'rz'])
})

test('published ports are shown while the run goes on', () => {
  const event = (seq: number, type: string, payload: unknown): Event => ({ seq, at: seq, type, actor: 'a', subject: 'rp', payloadHash: '', hash: '', payload })
  const ports = [{ host: 8080, inside: 80 }]
  const begun = fold(viewFrom({ head: 0, killed: false }, []), [event(1, 'run.queued', { command: ['x'], ports })])
  const running = fold(begun, [event(2, 'run.started', { to: 'running' }), event(3, 'run.layer-opened', {})])
  const more = fold(running, [event(4, 'run.published', { ports: [...ports, { host: 81, inside: 80 }] })])
  const fewer = fold(more, [event(5, 'run.published', { ports: [] })])
  const ended = fold(more, [event(5, 'run.sealed', { to: 'kept' })])
  expect([begun, running, more, fewer, ended].map(({ runs }) => runs[0]?.ports?.map(({ host }) => host))).toEqual([[8080], [8080], [8080, 81], undefined, undefined])
})
