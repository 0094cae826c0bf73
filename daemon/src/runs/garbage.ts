/**
 * What no record refers to: blobs without a run, layers and recorded output of runs that let go of them, pre-images whose
 * end is noted. A crash leaves these, or an error while something was deleted.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as breath } from 'node:timers/promises'
import { and, gte, lt } from 'drizzle-orm'
import type { Changes } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Garbage } from '../state/blobs.ts'
import type { State } from '../state/state.ts'
import { RULES } from './expiry.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { runDetails } from './runs.sql.ts'
import { sizeOf } from './size.ts'
import { orphanSquashes } from './squash.ts'

export interface GarbageParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Pick<Sandbox, 'discard'>
  readonly changes: Pick<Changes, 'dropBackups'>
  readonly live: Pick<LiveRuns, 'get'>
  readonly now: () => number
}

export interface Litter {
  readonly path: string
  readonly remove: () => Promise<unknown>
}

export interface Piece extends Litter {
  readonly bytes: number
}

/**
 * Layers that no run owns: of a discard, a check or a start that was cut off. Later than at the start a folder of an
 * unknown name may be somebody's throw-away layer, and that of a run that moves is about to be owned.
 */
export function orphanLayers({ state, ledger, sandbox }: Pick<GarbageParts, 'state' | 'ledger' | 'sandbox'>, when: 'at start' | 'later'): Litter[] {
  const owned = new Set(ledger.layers())
  const strays = entriesOf(join(state.folder, 'layers')).filter(({ path }) => !owned.has(path))
  const rows = ledger.findAll(strays.map(({ name }) => runOf(name)))
  return strays.flatMap(({ name, path }) => {
    const row = rows.get(runOf(name))
    return when === 'at start' || (row && ledger.isAtRest(row)) ? [{ path, remove: () => sandbox.discard(path) }] : []
  })
}

/** Everything but blobs, which are judged and deleted in one breath. */
export async function findLitter(parts: GarbageParts): Promise<Piece[]> {
  const pieces = [...orphanLayers(parts, 'later'), ...orphanSquashes(parts, 'later'), ...orphanOutput(parts), ...orphanPreImages(parts)]
  const measured: Piece[] = []
  for (const piece of pieces) measured.push({ ...piece, bytes: await sizeOf(piece.path) })
  return measured
}

export async function sweepBlobs({ blobs, db }: State, dryRun: boolean): Promise<Garbage[]> {
  const found: Garbage[] = []
  const wantedOn = (shelf: string) => new Set([runDetails.output, runDetails.transcript].flatMap((column) => db.select({ digest: column }).from(runDetails)
    .where(and(gte(column, shelf), lt(column, `${shelf}~`))).all().flatMap(({ digest }) => digest ?? [])))
  for (const garbage of blobs.garbage(wantedOn)) {
    found.push(...garbage)
    if (!dryRun) for (const piece of garbage) blobs.remove(piece)
    await breath()
  }
  return found
}

/** A run that failed before its end leaves its frames; so does a shell of a daemon that died. */
function orphanOutput({ state, live }: GarbageParts): Litter[] {
  return entriesOf(join(state.folder, 'output')).flatMap(({ name, path }) => (live.get(name.replace(/\.shell$/, '')) ? [] : [{ path, remove: () => rm(path, { force: true }) }]))
}

/**
 * Of runs whose end of pre-images is noted; and after the time that all pre-images get, those of runs that were rolled back
 * or that nobody knows.
 */
function orphanPreImages({ state, ledger, changes, now }: GarbageParts): Litter[] {
  const old = now() - RULES.preImagesMs
  const entries = entriesOf(join(state.folder, 'backups'))
  const rows = ledger.findAll(entries.map(({ name }) => name))
  return entries.flatMap(({ name, path }) => {
    const row = rows.get(name)
    const isOld = (row ? row.movedAt : (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)) < old
    const isGarbage = row ? ledger.isAtRest(row) && (row.preImagesGoneAt !== null || (row.status !== 'applied' && isOld)) : isOld
    return isGarbage ? [{ path, remove: () => changes.dropBackups(name) }] : []
  })
}

/** A check works beside its run's layer. */
function runOf(layer: string): string {
  return layer.replace(/-check$/, '')
}

function entriesOf(folder: string): { name: string; path: string }[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => ({ name, path: join(folder, name) })) : []
}
