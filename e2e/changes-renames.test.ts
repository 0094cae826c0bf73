/**
 * Renames of folders from the launcher to the host and back: random work inside real layers, also one on another. What is
 * applied must be what the same work makes of a copy on the host, and rollback must restore.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { fromBytes } from '@nexus/protocol/bytes'
import { createChanges, type Changes, type Ground as Measure } from '../daemon/src/changes/changes.ts'
import { Ground, nativeProgram, removePrograms, renamerProgram } from '../daemon/src/sandbox/contract/ground.ts'
import { generator, randomRenames } from '../daemon/src/sandbox/contract/random-renames.ts'
import type { Layer } from '../daemon/src/sandbox/layer.ts'
import { nativeLauncher } from '../daemon/src/sandbox/launchers/native.ts'
import { differences, snapshot, type Entry, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const program = nativeProgram()
const renamer = renamerProgram() ?? ''
const isRoot = process.geteuid?.() === 0
const seed = Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31)
const rounds = Number(process.env.NEXUS_RUNS ?? (process.env.NEXUS_ENDURANCE === '1' ? 300 : 8))
afterAll(removePrograms)

// Root has both: its own overlay renames folders itself, and that of a container's root needs the mover.
describe.each(isRoot ? ['trusted', 'user'] as const : ['user'] as const)('marks of the overlay: %s', (xattrs) => {
  beforeEach(({ skip }) => { if (program === undefined) skip('needs gcc: apt-get install gcc libc6-dev') })

  test(proves(`random renames and edits: applied they are what they would have been, and rollback restores (NEXUS_SEED=${seed})`, 'RUN-3', 'RUN-5'), async () => {
    const random = generator(seed)
    for (let round = 0; round < rounds; round++) {
      await using stand = await Stand.open(xattrs)
      const { start, words } = randomRenames(random, 12)
      stand.prepare(start)
      const more = randomRenames(random, 12).words
      const original = snapshot(stand.project, { xattrs: false })
      const one = await stand.run(words)
      const other = await stand.run(more, [one])
      const where = `NEXUS_SEED=${seed}, round ${round}: ${[...start, '|', ...words, '|', ...more].join('; ')}`

      // Sealed when they end, as runs are: before anything of them is applied.
      const sealed = [{ layer: one, changeSet: await stand.changes.survey(one) }, { layer: other, changeSet: await stand.changes.survey(other) }]
      for (const [at, { layer, changeSet }] of sealed.entries()) {
        expect({ where, outcome: await stand.changes.apply({ run: `r${at}`, ground: layer, changeSet, selected: changeSet.changes, named: true }) }).toMatchObject({ outcome: { conflicts: [] } })
        expect({ where, found: differences(layer.twin, snapshot(stand.project, { xattrs: false }), { ignore: asApplied(layer) }) }).toEqual({ where, found: [] })
      }
      for (const run of ['r1', 'r0']) expect({ where, outcome: await stand.changes.rollback({ run, project: stand.project }) }).toMatchObject({ outcome: { conflicts: [] } })
      expect({ where, found: differences(original, snapshot(stand.project, { xattrs: false }), { ignore: (path) => ((original.get(path)?.links ?? 1) > 1 ? ['links'] : []) }) }).toEqual({ where, found: [] })
    }
  }, 900_000)

  test(proves('a folder that was renamed shows as renames of its files, with what else was done to them', 'RUN-3'), async () => {
    await using stand = await Stand.open(xattrs)
    stand.prepare(['mkdir a', 'mkdir a/in', 'write a/one 1', 'write a/in/two 2', 'write a/three 3', 'mkdir b', 'write b/four 4', 'mkdir empty'])
    const one = await stand.run(['rename a c', 'rename c/in c/inner', 'unlink c/three', 'append c/one +', 'rename b empty', 'rename c d', 'rename d/inner/two two'])
    expect(await stand.told(one)).toEqual(['deleted a', 'deleted a/in', 'deleted a/one', 'deleted a/three', 'deleted b', 'added d', 'added d/inner', 'added d/one', 'renamed b/four > empty/four', 'renamed a/in/two > two'].sort())
    expect(await stand.changes.hasRedirects(one.upper)).toBe(xattrs === 'trusted')
    const other = await stand.run(['rename d a', 'exchange a empty', 'mkdir d', 'rename empty d/e'], [one])
    expect(await stand.told(other)).toEqual(['added a', 'renamed empty/four > a/four', 'deleted d/inner', 'added d/e', 'added d/e/inner', 'renamed d/one > d/e/one', 'deleted empty'].sort())
  })

  test('a swap of two folders can be taken in parts', async () => {
    await using stand = await Stand.open(xattrs)
    stand.prepare(['mkdir a', 'write a/x 1', 'mkdir b', 'write b/y 2'])
    const original = snapshot(stand.project, { xattrs: false })
    const layer = await stand.run(['exchange a b'])
    const changeSet = await stand.changes.survey(layer)
    expect(await stand.told(layer)).toEqual(['renamed a/x > b/x', 'renamed b/y > a/y'])
    const part = await stand.changes.apply({ run: 'r0', ground: layer, changeSet, selected: changeSet.changes.slice(0, 1), named: true })
    expect(part).toMatchObject({ conflicts: [] })
    const rest = changeSet.changes.slice(1)
    expect(await stand.changes.apply({ run: 'r0', ground: layer, changeSet, selected: rest, named: true })).toMatchObject({ conflicts: [] })
    expect(differences(layer.twin, snapshot(stand.project, { xattrs: false }), { ignore: asApplied(layer) })).toEqual([])
    expect(await stand.changes.rollback({ run: 'r0', project: stand.project })).toMatchObject({ conflicts: [] })
    expect(differences(original, snapshot(stand.project, { xattrs: false }))).toEqual([])
  })
})

interface Done extends Measure {
  readonly layer: Layer
  /** What the same words made of a copy on the host. */
  readonly twin: Snapshot
}

class Stand implements AsyncDisposable {
  readonly #ground: Ground
  readonly #stack: AsyncDisposableStack
  readonly changes: Changes

  private constructor(ground: Ground, changes: Changes, stack: AsyncDisposableStack) {
    this.#ground = ground
    this.changes = changes
    this.#stack = stack
  }

  static async open(xattrs: 'trusted' | 'user'): Promise<Stand> {
    await using opened = new AsyncDisposableStack()
    const ground = opened.use(new Ground({ launcher: nativeLauncher(program ?? null), backend: 'overlay', xattrs }))
    for (const name of fs.readdirSync(ground.project)) fs.rmSync(join(ground.project, name), { recursive: true })
    const changes = opened.use(await createChanges({ nativePath: program ?? null, state: ground.state, now: () => Date.now() }))
    return new Stand(ground, changes, opened.move())
  }

  get project(): string {
    return this.#ground.project
  }

  prepare(words: readonly string[]): void {
    execFileSync(renamer, words, { cwd: this.project })
    // Old, so that what was only moved can be told from what was written.
    execFileSync('find', ['.', '-exec', 'touch', '-h', '-d', '@1500000000.123456789', '{}', '+'], { cwd: this.project })
    execFileSync('cp', ['-a', this.project, join(this.#ground.folder, 'twin')])
    // What was written a moment ago must not look as if it had been written during the run.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
  }

  async run(words: readonly string[], parents: readonly Done[] = []): Promise<Done> {
    const uppers = parents.map(({ upper }) => upper)
    const startedAtNs = BigInt(Date.now()) * 1_000_000n
    const layer = await this.#ground.layer(uppers)
    fs.copyFileSync(renamer, join(layer.folder, 'tmp/renamer'))
    fs.chmodSync(join(layer.folder, 'tmp/renamer'), 0o755)
    const { stdout } = await this.#ground.run(['/tmp/renamer', ...words], { layer })
    const twin = join(this.#ground.folder, 'twin')
    const outside = spawnSync(renamer, words, { cwd: twin, encoding: 'utf8' })
    expect(stdout).toBe(outside.stdout)
    return { project: this.project, backend: 'overlay', upper: layer.upper, parents: uppers, xattrs: layer.xattrs, startedAtNs, layer, twin: snapshot(twin, { xattrs: false }) }
  }

  async told(layer: Done): Promise<string[]> {
    const { changes } = await this.changes.survey(layer)
    const name = (path: Parameters<typeof fromBytes>[0]) => fromBytes(path).toString()
    return changes.map(({ kind, path, from }) => `${kind} ${from === undefined ? '' : `${name(from)} > `}${name(path)}`).sort()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** What was written by the same words was not written at the same moment, and a file with two names becomes a file for each. */
function asApplied({ twin, startedAtNs }: Done): (path: string) => readonly (keyof Entry)[] {
  return (path) => {
    const entry = twin.get(path)
    return entry?.type === 'directory' || (entry?.mtimeNs ?? startedAtNs) >= startedAtNs - 1_000_000_000n ? ['mtimeNs', 'links'] : ['links']
  }
}
