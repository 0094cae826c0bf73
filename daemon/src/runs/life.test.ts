/** The life of runs at its worst moments. Somebody stops one, or everything: nothing begins after that, and nothing is written by itself. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate as breath } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { newId } from '@nexus/protocol/id'
import type { RunRequest, ShellRequest } from '@nexus/protocol/runs'
import type { Actor } from '@nexus/protocol/trpc'
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { Choice } from '../sandbox/sandbox.ts'
import { secrets } from '../secrets/secrets.ts'
import { State } from '../state/state.ts'
import { Begin, type BeginParts } from './begin.ts'
import { Execution, type ExecutionParts } from './execute.ts'
import { Handed } from './handed.ts'
import { KillSwitch } from './kill.ts'
import { Ledger } from './ledger.ts'
import { LiveRuns } from './live.ts'
import { Runs, type RunsParts } from './runs.ts'
import { Shell, type ShellParts } from './shell.ts'
import { Turnstile } from './turnstile.ts'

const CHOICE: Choice = { backend: 'overlay', launcher: 'native', strength: 'full', walls: [] }
const PERSON: Actor = { kind: 'person', via: 'socket' }
const CHANGE: Change = { path: 'a', kind: 'added', flags: [] }

let house: House
beforeEach(() => { house = new House() })
afterEach(() => house[Symbol.dispose]())

test('a run that was asked for while everything was stopped is refused, and is in no list', async () => {
  house.whileChoosing = () => house.kill.press('test')
  await expect(house.runs.start(house.request(), PERSON)).rejects.toMatchObject({ code: 'killed' })
  expect([house.ledger.projects(), house.launched]).toEqual([[], 0])
})

test('so is one that a daemon was asked for while it stopped: the client may ask the next daemon', async () => {
  house.whileChoosing = async () => house.live.close()
  await expect(house.runs.start(house.request(), PERSON)).rejects.toMatchObject({ code: 'daemon-stopping' })
  expect(house.ledger.projects()).toEqual([])
})

test('a run that was approved while everything was stopped goes on waiting', async () => {
  const waiting = house.waiting()
  house.whileChoosing = () => house.kill.press('test')
  await expect(house.runs.approve({ run: waiting }, false, PERSON)).rejects.toMatchObject({ code: 'killed' })
  expect([house.ledger.row(waiting).status, house.launched]).toEqual(['waiting', 0])
})

test('a shell that was asked for while everything was stopped does not open', async () => {
  const id = house.kept()
  house.whileChoosing = () => house.kill.press('test')
  await expect(house.runs.shell(house.shellIn(id), PERSON)).rejects.toMatchObject({ code: 'killed' })
  expect([house.ledger.row(id).status, house.launched]).toEqual(['kept', 0])
})

test('a layer on which a run came to stand while a shell was opened does not change under it: the shell is a run of its own', async () => {
  const id = house.kept()
  house.whileChoosing = async () => {
    house.whileChoosing = async () => {}
    house.kept(id)
  }
  const opened = await house.runs.shell(house.shellIn(id), PERSON)
  expect([opened.parent, house.ledger.row(id).status]).toEqual([id, 'kept'])
  await house.ledger.settled(opened.id, undefined)
})

test('a shell whose output cannot be recorded ends, and its run can be decided about', async () => {
  const id = house.kept()
  rmSync(join(house.folder, 'output'), { recursive: true })
  await house.runs.shell(house.shellIn(id), PERSON)
  await house.ledger.settled(id, undefined)
  expect([house.ledger.row(id).status, house.live.ids()]).toEqual(['kept', []])
})

test.each<['everything' | 'the run' | 'nothing', string[]]>([['everything', []], ['the run', []], ['nothing', ['check', 'apply']]])('a run that had just ended by itself when %s was stopped: what was still to come is %j', async (what, done) => {
  house.whileSealing = async () => {
    const [id = ''] = house.live.ids()
    if (what === 'everything') await house.kill.press('test')
    if (what === 'the run') house.live.end(id, 'killed')
  }
  const { id } = await house.runs.start({ ...house.request(), wish: 'apply', check: 'true' }, PERSON)
  await house.ledger.settled(id, undefined)
  expect([house.ledger.row(id).status, house.done]).toEqual(['kept', done])
})

test('a run keeps its place while its check goes on: never more commands at once than there are places', async () => {
  using narrow = new House({ places: 1 })
  const { promise: isChecked, resolve: endCheck } = Promise.withResolvers<void>()
  narrow.whileChecking = () => isChecked
  const one = await narrow.runs.start({ ...narrow.request(), check: 'true' }, PERSON)
  while (narrow.done.length === 0) await breath()
  const two = await narrow.runs.start(narrow.request(), PERSON)
  for (let turn = 0; turn < 50; turn += 1) await breath()
  expect([narrow.launched, narrow.ledger.row(two.id).status]).toEqual([1, 'queued'])
  endCheck()
  for (const { id } of [one, two]) await narrow.ledger.settled(id, undefined)
  expect([narrow.launched, narrow.ledger.row(two.id).status]).toEqual([2, 'kept'])
})

/** Real records, real latch, real life of a run; of the sandbox and of what is decided, only that they were asked. */
class House implements Disposable {
  readonly #base = mkdtempSync(join(tmpdir(), 'nexus-life-'))
  readonly folder = join(this.#base, 'state')
  readonly project = join(this.#base, 'project')
  readonly state: State
  readonly ledger: Ledger
  readonly live = new LiveRuns()
  readonly kill: KillSwitch
  readonly runs: Runs
  /** What was done by itself, in order. */
  readonly done: string[] = []
  launched = 0
  whileChoosing: () => Promise<unknown> = async () => {}
  whileSealing: () => Promise<unknown> = async () => {}
  whileChecking: () => Promise<unknown> = async () => {}

  constructor({ places = 4 } = {}) {
    const clock = { now: () => Date.now() }
    for (const folder of [join(this.project, '.git'), join(this.folder, 'output'), join(this.folder, 'layers')]) mkdirSync(folder, { recursive: true })
    this.state = new State({ folder: this.folder, migrations: join(dirname(fileURLToPath(import.meta.url)), '../../../migrations'), clock })
    this.ledger = new Ledger(this.state, clock)
    // The rooms below are asked for no more than this; a word that is missing here fails its test.
    const { state, ledger, live } = this
    this.kill = new KillSwitch(state, ledger, live, { of: () => ({ runs: [] }) } as unknown as ConstructorParameters<typeof KillSwitch>[3])
    const sandbox = {
      choose: async () => { await this.whileChoosing(); return CHOICE },
      open: async (run: string) => ({ run, folder: this.#layer(run), upper: join(this.#layer(run), 'upper'), backend: 'overlay', project: this.project, parents: [], xattrs: 'user' }),
      launch: () => { this.launched += 1; return this.#launch() },
      foreignIn: () => undefined,
    }
    const sealer = { seal: async () => { await this.whileSealing(); return { changeSet: { changes: [CHANGE], digest: 'd' }, outside: [] } } }
    const handed = new Handed({ known: () => [], value: () => '' }, secrets.redacted)
    const changes = { pack: async () => Buffer.alloc(0), hasRedirects: async () => false }
    const log = { error: () => {}, warn: () => {}, info: () => {} }
    const rooms = { state, ledger, live, sandbox, sealer, changes, secrets, handed, kill: this.kill, log }
    const execution = new Execution({
      ...rooms, turnstile: new Turnstile(places), now: clock.now, network: {}, agents: {}, ports: { open: async () => {} }, squash: { consider: async () => {} },
      check: { run: async (row: { id: string }) => { this.done.push('check'); await this.whileChecking(); ledger.note(row.id, 'run.checked', 'test', { check: { command: 'true', exitCode: 0, signal: null, durationMs: 1, output: '' } }) } },
      decisions: { apply: async () => { this.done.push('apply') } },
    } as unknown as ExecutionParts)
    const shell = new Shell({ ...rooms, network: {}, known: () => [] } as unknown as ShellParts)
    const settings = { of: () => ({ limits: null, nestedSandboxes: false, faults: [], refused: [], secretFiles: 'show', network: { allow: [], ceiling: null } }) }
    const shared = { ...rooms, settings, boundaries: { userHome: '/home/nobody', state: this.folder }, ports: { found: async () => undefined }, environment: (env: Record<string, string>) => env }
    const begin = new Begin({ ...shared, execution, judge: () => ({ level: 'safe', reasons: [], effects: [] }) } as unknown as BeginParts)
    this.runs = new Runs({ ...shared, begin, shell } as unknown as RunsParts)
  }

  request(): RunRequest {
    return { command: ['true'], cwd: this.project, env: {}, umask: 0o022, backend: 'auto', wish: 'keep', stdin: false }
  }

  shellIn(run: string): ShellRequest {
    return { run, env: {}, umask: 0o022, net: 'off' }
  }

  /** A run that has left something, over another one where that is named. */
  kept(parent?: string): string {
    const id = this.#queued(parent)
    mkdirSync(join(this.#layer(id), 'upper'), { recursive: true })
    this.ledger.note(id, 'run.layer-opened', 'test', { layer: this.#layer(id) })
    this.ledger.move(id, { to: 'running', event: 'run.started', actor: 'test', action: 'started' })
    this.ledger.move(id, { to: 'kept', event: 'run.sealed', actor: 'test', action: 'sealed', fields: { digest: 'd', exitCode: 0 }, details: { changes: [CHANGE] } })
    return id
  }

  waiting(): string {
    const id = this.#queued()
    this.ledger.move(id, { to: 'waiting', event: 'run.held', actor: 'test', action: 'held' })
    return id
  }

  #queued(parent?: string): string {
    const id = newId('run', randomBytes(12))
    const place = { project: this.project, cwd: this.project, ...(parent === undefined ? {} : { parent, parents: [join(this.#layer(parent), 'upper')] }) }
    this.ledger.create(id, this.request(), CHOICE, { ...place, limits: { memoryBytes: null, processes: null, cpus: null, timeMs: null, diskBytes: null, files: null, outputBytes: null }, nestedSandboxes: false, notes: [], verdict: { level: 'safe', reasons: [] } }, 'test')
    return id
  }

  #layer(run: string): string {
    return join(this.folder, 'layers', run)
  }

  #launch(): object {
    const end: LaunchEnd = { type: 'exited', exitCode: 0, durationMs: 1, usage: null }
    return { ended: breath().then(() => end), onOutput: () => {}, hold: () => {}, kill: () => {} }
  }

  [Symbol.dispose](): void {
    this.state[Symbol.dispose]()
    rmSync(this.#base, { recursive: true, force: true })
  }
}
