/**
 * Keeps long stacks short: when a run has been sealed over many layers, those that others stand on, and that therefore
 * never change again, become one, in the background. What the run shows stays the same; the next start is as quick as
 * the first. The layers themselves stay: their runs still have a change set.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Changes } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import type { Litter } from './garbage.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { groundOf, layerOf } from './seal.ts'
import { standing } from './standing.ts'

/** As many layers below the nearest become one. */
export const SQUASHED_FROM = 50

export interface SquashParts {
  readonly state: Pick<State, 'folder'>
  readonly ledger: Ledger
  readonly changes: Pick<Changes, 'squash' | 'hasRedirects'>
  readonly sandbox: Pick<Sandbox, 'discard'>
  readonly log: Pick<Log, 'warn'>
}

export class Squash {
  readonly #parts: SquashParts
  readonly #folder: string
  #last: Promise<void> = Promise.resolve()

  constructor(parts: SquashParts) {
    this.#parts = parts
    this.#folder = join(parts.state.folder, 'squashed')
  }

  /** Never rejects: a stack that cannot be squashed goes on as it is. */
  consider(run: string): Promise<void> {
    this.#last = this.#last.then(() => this.#consider(run)).catch((error: unknown) => this.#parts.log.warn({ err: error, run }, 'a long stack could not be squashed'))
    return this.#last
  }

  async #consider(run: string): Promise<void> {
    const { ledger } = this.#parts
    const row = this.#asItsParentNow(ledger.row(run))
    const [nearest, ...rest] = row.parents
    const below = row.parent === null ? undefined : ledger.find(row.parent)
    // The nearest may carry this one alone: were it thrown away, that layer could be entered again.
    if (row.layer === null || row.backend !== 'overlay' || nearest === undefined || rest.length < SQUASHED_FROM || !below?.parent) return
    const folder = join(this.#folder, below.parent)
    if (!existsSync(folder) && !(await this.#make(below, rest, folder))) return
    const now = ledger.row(run)
    if (now.layer !== null && now.parents.join('\0') === row.parents.join('\0')) ledger.note(run, 'run.squashed', 'daemon', { parents: [nearest, join(folder, 'upper')] }, { layers: rest.length })
  }

  /** It may have been squashed since this run began. */
  #asItsParentNow(row: RunRow): RunRow {
    const { ledger } = this.#parts
    const below = row.parent === null || row.parents.length === 0 ? undefined : ledger.find(row.parent)
    const layer = below && layerOf(below)
    if (!layer || row.backend !== 'overlay' || layer.parents.length + 1 >= row.parents.length) return row
    ledger.note(row.id, 'run.squashed', 'daemon', { parents: [layer.upper, ...layer.parents] }, { layers: row.parents.length - layer.parents.length })
    return ledger.row(row.id)
  }

  /** False: it goes on as it is. What the host stands for (standing.ts) must come back with a rollback, so it stays a layer of its own. */
  async #make(below: RunRow, parents: readonly string[], folder: string): Promise<boolean> {
    const { ledger, changes, sandbox } = this.#parts
    const layer = layerOf(below)
    const [upper, ...others] = parents
    if (!layer || upper === undefined || (await standing(ledger, changes, parents)).length < parents.length) return false
    const unfinished = `${folder}.new`
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    rmSync(unfinished, { recursive: true, force: true })
    await mkdir(join(unfinished, 'upper'), { recursive: true, mode: 0o700 })
    await chmod(join(unfinished, 'upper'), (await stat(upper)).mode & 0o7777)
    try {
      await changes.squash({ ...groundOf(below, layer), upper, parents: others }, join(unfinished, 'upper'))
    } catch (error) {
      await sandbox.discard(unfinished)
      throw error
    }
    renameSync(unfinished, folder)
    return true
  }
}

/** Those that no layer stands on any more, and at the start what was never finished. */
export function orphanSquashes({ state, ledger, sandbox }: Pick<SquashParts, 'state' | 'ledger' | 'sandbox'>, when: 'at start' | 'later'): Litter[] {
  const all = join(state.folder, 'squashed')
  if (!existsSync(all)) return []
  const used = new Set(ledger.grounds().map((upper) => dirname(upper)))
  return readdirSync(all).map((name) => join(all, name)).filter((path) => (path.endsWith('.new') ? when === 'at start' : !used.has(path))).map((path) => ({ path, remove: () => sandbox.discard(path) }))
}
