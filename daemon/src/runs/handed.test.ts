import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunRequest } from '@nexus/protocol/runs'
import { secrets } from '../secrets/secrets.ts'
import { Handed } from './handed.ts'
import type { RunRow } from './ledger.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const DAY_MS = 24 * 3_600_000
const request: RunRequest = { command: ['true'], cwd: '/p', env: {}, umask: 0o022, backend: 'auto', wish: 'keep', stdin: false, handedNames: ['TOKEN'] }
// No more of a row is asked for.
const row = { id: 'r1', request } as RunRow

function handing(): Handed {
  const handed = new Handed({ known: () => [], value: () => '' }, secrets.redacted)
  handed.takeIn('r1', { env: {}, secrets: { TOKEN: 'abcd1234' }, kept: [], keys: [] }, request, { level: 'safe', reasons: [] })
  return handed
}

test('a run that waits for a person for an hour is asked for anew', () => {
  const handed = handing()
  expect(handed.of(row).env).toEqual({ TOKEN: 'abcd1234' })
  vi.advanceTimersByTime(DAY_MS)
  expect(() => handed.of(row)).toThrow(expect.objectContaining({ code: 'handed-gone' }))
})

test('a run that has begun keeps what it was handed, however long it runs; then it is forgotten', () => {
  const handed = handing()
  handed.begin('r1')
  vi.advanceTimersByTime(DAY_MS)
  expect(handed.of(row).known).toEqual([{ name: 'TOKEN', value: 'abcd1234' }])
  handed.forget('r1')
  expect(() => handed.of(row)).toThrow(expect.objectContaining({ code: 'handed-gone' }))
})
