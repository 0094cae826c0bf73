/** A laboratory for change sets: a project, layers over it from a real overlayfs, and the room under test. */
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChanges, type Changes, type Ground } from '../../daemon/src/changes/changes.ts'
import type { Entry, Snapshot } from '../oracle.ts'
import { perform, type Operation } from './operations.ts'
import { Workshop } from './workshop.ts'

export const isRoot = process.getuid?.() === 0

export interface LayerMade {
  readonly ground: Ground
  /** The merged tree at the end of the run. */
  readonly merged: Snapshot
}

export interface LabOptions {
  /** Another folder for the state, as on another file system. */
  readonly stateIn?: string
  /** One for many laboratories; else each has its own. */
  readonly workshop?: Workshop
}

export class Lab implements AsyncDisposable {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'nexus-lab-'))
  readonly project = join(this.folder, 'project')
  readonly state: string
  readonly #rooms: AsyncDisposable[] = []
  readonly #own = new DisposableStack()
  #workshop: Workshop | undefined
  #layers = 0

  constructor(operations: readonly Operation[] = [], shell?: string, { stateIn, workshop }: LabOptions = {}) {
    fs.mkdirSync(this.project)
    this.state = fs.mkdtempSync(join(stateIn ?? this.folder, 'state-'))
    this.#workshop = workshop
    perform(this.project, operations)
    if (shell !== undefined) this.host(shell)
  }

  async changes(nativePath: string | null, more: { fault?: (step: string) => void | Promise<void> } = {}): Promise<Changes> {
    const changes = await createChanges({ nativePath, state: this.state, now: () => Date.now(), ...more })
    this.#rooms.push(changes)
    return changes
  }

  /** What somebody does on the host. */
  host(shell: string): void {
    execFileSync('bash', ['-c', shell], { cwd: this.project, stdio: ['ignore', 'inherit', 'inherit'] })
  }

  /** A run over the project (and over earlier layers, nearest first). */
  run(work: { operations?: readonly Operation[]; shell?: string; xattrs?: boolean }, parents: readonly LayerMade[] = []): LayerMade {
    const folder = join(this.folder, `layer-${++this.#layers}`)
    const [upper, workdir, merged] = [join(folder, 'upper'), join(folder, 'work'), join(folder, 'merged')]
    for (const path of [folder, upper, workdir, merged]) fs.mkdirSync(path)
    fs.chmodSync(upper, fs.statSync(this.project).mode & 0o7777)
    const uppers = parents.map(({ ground }) => ground.upper)
    const answer = join(folder, 'answer.json')
    settleClock()
    const startedAtNs = BigInt(Date.now()) * 1_000_000n
    this.#workshop ??= this.#own.use(new Workshop())
    this.#workshop.carryOut({
      lowers: [...uppers, this.project], upper, work: workdir, merged, userxattr: !isRoot, operations: work.operations ?? [], xattrs: work.xattrs ?? false, answer,
      ...(work.shell === undefined ? {} : { shell: work.shell }),
    })
    const ground: Ground = { project: this.project, backend: 'overlay', upper, parents: uppers, xattrs: isRoot ? 'trusted' : 'user', startedAtNs }
    return { ground, merged: readSnapshot(answer) }
  }

  /** A run with the copy back end: the tree is copied, then changed. */
  copy(work: { operations?: readonly Operation[]; shell?: string }): Ground {
    const upper = join(this.folder, `copy-${++this.#layers}`)
    execFileSync('cp', ['-a', this.project, upper])
    settleClock()
    const startedAtNs = BigInt(Date.now()) * 1_000_000n
    perform(upper, work.operations ?? [])
    if (work.shell !== undefined) execFileSync('bash', ['-c', work.shell], { cwd: upper })
    return { project: this.project, backend: 'copy', upper, parents: [], xattrs: 'user', startedAtNs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const room of this.#rooms) await room[Symbol.asyncDispose]()
    this.#own.dispose()
    // The overlay's work folder has mode 000.
    spawnSync('chmod', ['-R', 'u+rwX', this.folder])
    for (const folder of [this.folder, this.state]) fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** What was written a moment ago must not look as if it had been written during the run. */
function settleClock(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15)
}

function readSnapshot(path: string): Snapshot {
  const entries = JSON.parse(fs.readFileSync(path, 'utf8')) as [string, Omit<Entry, 'mtimeNs'> & { mtimeNs: string }][]
  return new Map(entries.map(([name, entry]) => [name, { ...entry, mtimeNs: BigInt(entry.mtimeNs) }]))
}
