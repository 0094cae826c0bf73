import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Journals } from '../changes/journal.ts'
import { writtenSince } from '../changes/written.ts'
import { Receipts } from './receipt.ts'

const folder = mkdtempSync(join(tmpdir(), 'nexus-receipt-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let now = 0
const plan = (run: string, path: string) => ({ run, direction: 'apply' as const, project: '/p', digest: 'd', paths: [path], steps: [], folders: [], undoes: [] })

test('a journal counts from the moment when the host changed until its end; one that was given up before does not', async () => {
  const journals = new Journals(folder, () => now)
  const write = (run: string, at: number, ...marks: [mark: 'staged' | 'undoing' | 'done' | 'undone' | 'settled', at: number][]) => {
    now = at
    const { name } = journals.write(plan(run, `of ${run}`))
    for (const [mark, markedAt] of marks) {
      now = markedAt
      journals.mark(name, mark)
    }
  }
  write('early', 10, ['staged', 11], ['done', 12], ['settled', 500])
  write('across', 20, ['staged', 30], ['done', 150])
  write('given-up', 110, ['undone', 111])
  write('taken-back', 120, ['staged', 121], ['undoing', 122], ['undone', 123])
  write('planned', 130)
  write('going-on', 40, ['staged', 50])
  expect(writtenSince(journals, 100).map(({ run, at, end, paths }) => ({ run, at, end, paths }))).toEqual([
    { run: 'going-on', at: 50, end: 'open', paths: ['of going-on'] },
    { run: 'taken-back', at: 123, end: 'undone', paths: ['of taken-back'] },
    { run: 'across', at: 150, end: 'done', paths: ['of across'] },
  ])
  // Half a line is no mark: a crash cut it off.
  mkdirSync(join(folder, 'applies'), { recursive: true })
  writeFileSync(join(folder, 'applies', 'cut-1.journal'), '{"journal":"nexus","version":1,"run":"cut"}\n{"mark":"planned","at":200}\n{"mark":"sta')
  expect(writtenSince(journals, 100).map(({ run }) => run)).toEqual(['going-on', 'taken-back', 'across'])
})

const row = (id: string, more: object = {}) => ({ id, project: '/p', command: ['x'], startedAt: 100, createdAt: 90, movedAt: 300, appliedWith: null, status: 'failed', request: {}, shellNet: null, ...more })

/** A ledger of nothing but rows; the receipt only reads. */
function receiptsOver(rows: ReturnType<typeof row>[], stranded: string[], write: readonly { run: string; end: 'done' | 'open' }[]) {
  const ledger = {
    row: (id: string) => rows.find((one) => one.id === id), stranded: () => stranded, details: () => ({ appliedPaths: ['from the ledger'] }),
    inStatus: (...statuses: string[]) => rows.filter(({ status }) => statuses.includes(status)),
    movedSince: (at: number, ...statuses: string[]) => rows.filter(({ status, movedAt }) => statuses.includes(status) && movedAt >= at),
  }
  // The receipt asks no more of either than this.
  const parts = [ledger, { writtenSince: () => write.map((one) => ({ ...one, project: '/p', direction: 'apply', at: 200, paths: ['from the journal'] })) }] as unknown as [ConstructorParameters<typeof Receipts>[0], ConstructorParameters<typeof Receipts>[1]]
  return new Receipts(...parts, () => 400)
}

test('what no journal tells any more, or not yet, the ledger does', () => {
  const rows = [
    row('ended'), row('journalled', { status: 'applied' }), row('past', { status: 'applied', movedAt: 250 }), row('past-and-back', { status: 'rolled-back', movedAt: 260 }),
    row('long-ago', { status: 'applied', movedAt: 50 }), row('with', { status: 'applied', appliedWith: 'past' }), row('about-to', { status: 'applying', movedAt: 390 }), row('half-way', { status: 'rolling-back' }),
  ]
  const receipt = receiptsOver(rows, ['half-way'], [{ run: 'journalled', end: 'done' }, { run: 'half-way', end: 'open' }]).of([{ id: 'ended', was: 'running', end: {} }])
  expect(receipt.written.map(({ run, direction, end, paths, writtenAt }) => [run, direction, end, paths, writtenAt])).toEqual([
    ['journalled', 'apply', 'done', ['from the journal'], 200],
    ['half-way', 'apply', 'stuck', ['from the journal'], 200],
    ['past', 'apply', 'done', ['from the ledger'], 250],
    ['past-and-back', 'rollback', 'done', null, 260],
    ['about-to', 'apply', 'under-way', null, 390],
  ])
  expect(receipt.sinceAt).toBe(100)
})

test('what would not end is told, and a run that had not begun counts from when it was asked for', () => {
  const receipt = receiptsOver([row('a'), row('b', { startedAt: null, shellNet: 'on' })], [], []).of([
    { id: 'a', was: 'running', reach: ['npm'], end: { stuck: ['12 dd (D)'] } }, { id: 'b', was: 'queued', end: undefined },
  ])
  expect(receipt.sinceAt).toBe(90)
  expect(receipt.runs).toEqual([
    { id: 'a', project: '/p', command: ['x'], startedAt: 100, was: 'running', reach: ['npm'], stuck: ['12 dd (D)'] },
    { id: 'b', project: '/p', command: ['x'], startedAt: null, was: 'queued', reach: 'on', isEnding: true },
  ])
})
