/** A state folder with a history, written by the real ledger and the real journal; the runs themselves never ran. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Change } from '@nexus/protocol/changes'
import { countChanges } from '@nexus/protocol/change-flags'
import { newId } from '@nexus/protocol/id'
import type { RunRequest } from '@nexus/protocol/runs'
import { Journals } from '../../daemon/src/changes/journal.ts'
import { Ledger } from '../../daemon/src/runs/ledger.ts'
import { State } from '../../daemon/src/state/state.ts'
import { root } from '../nexus.ts'

const CHOICE = { backend: 'overlay', launcher: 'native', strength: 'full', walls: [{ name: 'mounts', up: true, required: true }, { name: 'network', up: true, required: true }] } as const
const NO_LIMITS = { memoryBytes: null, processes: null, cpus: null, timeMs: null, diskBytes: null, files: null, outputBytes: null }
const CHANGES: Change[] = Array.from({ length: 12 }, (_, index) => ({ path: `src/folder/file-${index}.ts`, kind: 'added', flags: [], after: { type: 'file', mode: '0644', size: 4000, mtimeNs: '1790000000000000000', sha256: '0'.repeat(64), uid: 0, gid: 0 } }))
const OUTPUT = Buffer.alloc(4096, 'a line of output\n')

export interface History {
  readonly project: string
  /** Oldest first. */
  readonly ids: readonly string[]
}

/** Of ten runs four are kept, two applied, one rolled back, three discarded. */
export async function writeHistory(folder: string, project: string, count: number): Promise<History> {
  mkdirSync(folder, { recursive: true })
  using state = new State({ folder, migrations: join(root, 'migrations'), clock: { now: () => Date.now() } })
  const ledger = new Ledger(state, { now: () => Date.now() })
  const journals = new Journals(folder, () => Date.now())
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) ids.push(await writeRun({ state, ledger, journals, folder, project }, index))
  return { project, ids }
}

async function writeRun({ state, ledger, journals, folder, project }: { state: State; ledger: Ledger; journals: Journals; folder: string; project: string }, index: number): Promise<string> {
  const id = newId('run', randomBytes(12))
  const env = { PATH: process.env.PATH ?? '', HOME: '/home/somebody', LANG: 'C.UTF-8' }
  const request: RunRequest = { command: ['npm', 'run', 'build', '--', `--part=${index}`], cwd: project, env, umask: 0o022, net: 'off', backend: 'auto', wish: 'keep', stdin: false }
  ledger.create(id, request, CHOICE, { project, cwd: project, limits: NO_LIMITS, notes: [], verdict: { level: 'caution', reasons: [] }, nestedSandboxes: false }, 'person:socket')
  const layer = join(folder, 'layers', id)
  mkdirSync(join(layer, 'upper'), { recursive: true })
  ledger.note(id, 'run.layer-opened', 'person:socket', { layer })
  ledger.move(id, { to: 'running', event: 'run.started', actor: 'person:socket', action: 'started', fields: { startedAt: Date.now() } })
  const frames = join(folder, 'output')
  writeFileSync(frames, `output ${index}`)
  using output = await state.blobs.adopt(frames)
  const digest = createHash('sha256').update(id).digest('hex')
  const move = (to: 'kept' | 'applying' | 'applied' | 'rolling-back' | 'rolled-back' | 'discarded', event: string, more: object = {}) => ledger.move(id, { to, event, actor: 'person:socket', action: 'moved', payload: { digest }, ...more })
  move('kept', 'run.sealed', { fields: { counts: countChanges(CHANGES), digest, exitCode: 0, durationMs: 1200, next: `nexus apply ${id}` }, details: { changes: CHANGES, stdout: OUTPUT, stderr: Buffer.alloc(0), output: output.digest } })
  const fate = index % 10
  if (fate >= 7) {
    move('discarded', 'run.discarded', { fields: { layer: null, next: null } })
    rmSync(layer, { recursive: true })
  } else if (fate >= 4) {
    move('applying', 'run.apply-began')
    writeJournal(journals, id, project, digest)
    move('applied', 'run.applied')
    if (fate === 6) {
      move('rolling-back', 'run.rollback-began')
      move('rolled-back', 'run.rolled-back')
    }
  }
  return id
}

function writeJournal(journals: Journals, run: string, project: string, digest: string): void {
  const { name, backups } = journals.write({ run, direction: 'apply', project, digest, undoes: [], paths: CHANGES.map(({ path }) => path), steps: [], folders: [] })
  mkdirSync(backups, { recursive: true })
  for (const mark of ['staged', 'done', 'settled'] as const) journals.mark(name, mark)
}
