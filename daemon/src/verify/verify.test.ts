/** The life of a verification over runs that the test scripts; what is recognised and run for real, e2e/verify.test.ts shows. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Problem } from '@nexus/protocol/problem'
import type { Actor } from '@nexus/protocol/trpc'
import type { Verification, VerifyRequest } from '@nexus/protocol/verify'
import type { Ecosystem } from './ecosystem.ts'
import { Verify, type VerifyParts } from './verify.ts'

const PERSON: Actor = { kind: 'person', via: 'socket' }
const REQUEST: VerifyRequest = { cwd: '/p', only: [], env: {}, umask: 0o022, backend: 'auto' }

/** A build, then a test; `starts` says what becomes of each start. */
function room(starts: () => void, record: (type: string) => void = () => {}) {
  const discarded: string[] = []
  const logged: string[] = []
  let started = 0
  const runs = {
    requireReady: () => {}, place: () => ({ project: '/p', cwd: '/p' }),
    startAt: async () => { started += 1; starts(); return { id: `r${started}` } },
    wait: async ({ run }: { run: string }) => ({ id: run, exitCode: 0, stdout: '', stderr: '', truncated: { stdout: 0, stderr: 0 }, durationMs: 1, signal: null }),
    get: async () => ({ status: 'kept' }), discard: async ({ run }: { run: string }) => { discarded.push(run) },
  }
  const ecosystem: Ecosystem = { name: 'make', marks: ['Makefile'], asks: [], reads: [], recognises: 'a Makefile', commands: () => [{ kind: 'build', command: ['make', 'all'] }, { kind: 'test', command: ['make', 'test'] }] }
  // Of the rooms around it a verification asks no more than this.
  const verify = new Verify({
    runs, sandbox: { choose: async () => ({}) }, state: { record: ({ type }: { type: string }) => record(type) }, clock: { now: () => 1 }, nameOf: () => 'test',
    log: { error: (_: unknown, what: string) => { logged.push(what) } }, ecosystems: [ecosystem], inThrowAwayLayer: async (_: unknown, __: unknown, work: (run: unknown) => unknown) => work(undefined), look: async () => ({ files: ['Makefile'], texts: new Map() }),
  } as unknown as VerifyParts)
  return { verify, runs, discarded, logged }
}

async function endOf(verify: Verify, id: string): Promise<Verification | undefined> {
  let last: Verification | undefined
  for await (const now of verify.follow(id, AbortSignal.timeout(5000))) last = now
  return last
}

test('what breaks off leaves no layer of a build behind', async () => {
  let starts = 0
  const { verify, discarded } = room(() => { if ((starts += 1) === 2) throw new Problem('killed') })
  const { id } = await verify.start(REQUEST, PERSON)
  expect(await endOf(verify, id)).toMatchObject({ status: 'stopped', checks: [{ status: 'passed', run: 'r1' }, { status: 'left-out', why: new Problem('killed').message }] })
  expect(discarded).toEqual(['r1'])
})

test('an end that cannot be recorded is written down, and ends nothing else', async () => {
  const { verify, logged } = room(() => {}, (type) => { if (type === 'verification.ended') throw new Problem('disk-full', { folder: '/s', free: '0 B' }) })
  const { id } = await verify.start(REQUEST, PERSON)
  expect(await endOf(verify, id)).toMatchObject({ status: 'passed' })
  await sleep(0)
  expect(logged).toEqual(['the end of a verification could not be recorded'])
})

test('nothing is looked at while nothing may begin', async () => {
  const { verify, runs } = room(() => {})
  runs.requireReady = () => { throw new Problem('killed') }
  await expect(verify.start(REQUEST, PERSON)).rejects.toMatchObject({ code: 'killed' })
})
