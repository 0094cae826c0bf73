/**
 * The rooms that retention works with, as in the daemon but for the sandbox: layers are made by hand, so that hundreds of
 * runs cost milliseconds. The clock is the test's own.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '@nexus/protocol/id'
import { createChanges, type Changes } from '../../daemon/src/changes/changes.ts'
import { Decisions } from '../../daemon/src/runs/decide.ts'
import { Ledger, type RunRow } from '../../daemon/src/runs/ledger.ts'
import { LiveRuns } from '../../daemon/src/runs/live.ts'
import { Aftermath } from '../../daemon/src/runs/aftermath.ts'
import { recoverRuns } from '../../daemon/src/runs/recover.ts'
import { Retention } from '../../daemon/src/runs/retention.ts'
import type { RetentionRules } from '../../daemon/src/runs/expiry.ts'
import { sealedFields, Sealer, layerOf } from '../../daemon/src/runs/seal.ts'
import type { Sandbox } from '../../daemon/src/sandbox/sandbox.ts'
import { State } from '../../daemon/src/state/state.ts'
import { removeTree, root } from '../nexus.ts'

export const DAY_MS = 24 * 3600_000
const NO_LIMITS = { memoryBytes: null, processes: null, cpus: null, timeMs: null, diskBytes: null, files: null, outputBytes: null }
const CHOICE = { backend: 'overlay', launcher: 'native', strength: 'full', walls: [] } as const

interface Rooms {
  readonly state: State
  readonly ledger: Ledger
  readonly changes: Changes & AsyncDisposable
  readonly decisions: Decisions
  readonly retention: Retention
  readonly sealer: Sealer
}

export class Household implements AsyncDisposable {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'nexus-household-'))
  readonly project = join(this.folder, 'project')
  readonly stateFolder = join(this.folder, 'state')
  readonly #helper: string | null
  readonly #rules: RetentionRules | undefined
  now = 1_790_000_000_000
  /** The next layer that is discarded stays half: as if the power had failed there. */
  breaksAtDiscard = false
  #rooms: Rooms | undefined

  private constructor(helper: string | null, rules?: RetentionRules) {
    this.#helper = helper
    this.#rules = rules
    fs.mkdirSync(this.project)
  }

  static async open(helper: string | null, rules?: RetentionRules): Promise<Household> {
    const household = new Household(helper, rules)
    await household.begin()
    return household
  }

  get rooms(): Rooms {
    if (!this.#rooms) throw new Error('the household is closed')
    return this.#rooms
  }

  /** As at every start of the daemon. */
  async begin(): Promise<void> {
    fs.mkdirSync(this.stateFolder, { recursive: true })
    const clock = { now: () => this.now }
    const state = new State({ folder: this.stateFolder, migrations: join(root, 'migrations'), clock })
    const ledger = new Ledger(state, clock)
    const changes = await createChanges({ nativePath: this.#helper, state: this.stateFolder, now: clock.now })
    // Of the sandbox retention, sealing and recovery need a word each.
    const sandbox = { discard: (folder: string) => this.#discard(folder), outside: () => Promise.resolve([]), endLeftovers: () => Promise.resolve([]) } as unknown as Sandbox
    const log = { warn: () => {}, error: () => {} }
    const live = new LiveRuns()
    const sealer = new Sealer(sandbox, changes)
    const aftermath = new Aftermath(ledger, changes, log)
    const decisions = new Decisions(ledger, changes, sandbox, aftermath)
    const retention = new Retention({ state, ledger, sandbox, changes, live, now: clock.now, log, ...(this.#rules ? { rules: this.#rules } : {}) })
    this.#rooms = { state, ledger, changes, decisions, retention, sealer }
    const litter = await recoverRuns({ state, ledger, aftermath, sandbox, sealer, log: log as never })
    for (const { remove } of litter) await remove().catch(() => 'the power failed again')
  }

  async end(): Promise<void> {
    const { changes, state } = this.rooms
    this.#rooms = undefined
    await changes[Symbol.asyncDispose]()
    state[Symbol.dispose]()
  }

  /** A run that writes the given files and prints the given output; over another one, or over the project. */
  async run(files: Readonly<Record<string, string>>, output = '', parent?: RunRow): Promise<string> {
    const { ledger, state, sealer } = this.rooms
    const id = newId('run', randomBytes(12))
    const request = { command: ['true'], cwd: this.project, env: {}, umask: 0o022, net: 'off', backend: 'auto', wish: 'keep', stdin: false } as const
    ledger.create(id, { ...request, command: ['true'] }, CHOICE, { project: this.project, cwd: this.project, limits: NO_LIMITS, nestedSandboxes: false, notes: [], verdict: { level: 'caution', reasons: [] }, ...(parent ? { parent: parent.id } : {}) }, 'test')
    const layer = join(this.stateFolder, 'layers', id)
    fs.mkdirSync(join(layer, 'upper'), { recursive: true })
    const parents = parent?.layer ? [join(parent.layer, 'upper'), ...parent.parents] : []
    ledger.note(id, 'run.layer-opened', 'test', { layer, parents })
    ledger.move(id, { to: 'running', event: 'run.started', actor: 'test', action: 'started', fields: { startedAt: Date.now() + 50 } })
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(layer, 'upper', name), text)
    const frames = join(this.stateFolder, 'output', id)
    fs.writeFileSync(frames, output)
    using blob = await state.blobs.adopt(frames)
    const row = ledger.row(id)
    const { fields, details } = sealedFields(await sealer.seal(row, layerOf(row)!))
    ledger.move(id, { to: details.changes.length > 0 ? 'kept' : 'unchanged', event: 'run.sealed', actor: 'test', action: 'sealed', fields: { ...fields, exitCode: 0 }, details: { ...details, output: blob.digest } })
    return id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#rooms) await this.end()
    removeTree(this.folder)
  }

  async #discard(folder: string): Promise<void> {
    if (this.breaksAtDiscard) {
      this.breaksAtDiscard = false
      throw new Error('the power failed')
    }
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
