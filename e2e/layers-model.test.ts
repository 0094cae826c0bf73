/**
 * Random histories of stacked runs, forked, undone, applied alone, in part and as one, taken back, repeated, with hands
 * on the host in between: after every act the host and every run are what a model of plain maps says.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Client } from '../cli/src/daemon/client.ts'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { callsTo } from './layers/calls.ts'
import { StackModel, type Edit, type ModelRun } from './layers/stack-model.ts'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

const HISTORIES = Number(process.env.NEXUS_RUNS ?? (isEndurance ? 150 : 10))
const ACTS = 12
const PATHS = ['a', 'b', 'c', 'd', 'sub/e', 'sub/f']
/** Anything younger than a clock tick counts as changed during the run. */
const TICK_MS = 25

test.each(['overlay', 'copy'] as const)(proves('random histories of a stack, %s', 'RUN-7'), async (backend) => {
  await using nexus = new Nexus()
  await nexus.call('daemon', 'start')
  const count = backend === 'copy' ? Math.ceil(HISTORIES / 5) : HISTORIES
  console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}), ${count} histories, ${backend}`)
  for (let index = 0; index < count; index += 1) await new History(nexus, backend, (seed + index) % 2 ** 31).live()
}, 3600_000)

class History {
  readonly #calls: Client
  readonly #project: string
  readonly #backend: 'overlay' | 'copy'
  readonly #dice: Dice
  readonly #model: StackModel
  readonly #repetitions = new Map<ModelRun, ModelRun>()
  readonly #told: string[]
  #texts = 0

  constructor(nexus: Nexus, backend: 'overlay' | 'copy', own: number) {
    this.#calls = callsTo(nexus)
    this.#backend = backend
    this.#dice = new Dice(own)
    this.#told = [`seed ${own}`]
    this.#project = join(nexus.base, `project-${backend}-${own}`)
    mkdirSync(join(this.#project, '.git'), { recursive: true })
    mkdirSync(join(this.#project, 'sub'))
    this.#model = new StackModel(new Map(), backend === 'copy')
    for (const path of PATHS) if (this.#dice.below(3) > 0) this.#byHand(path, this.#text())
  }

  async live(): Promise<void> {
    await this.#begin(undefined)
    for (let act = 0; act < ACTS; act += 1) {
      await this.#act()
      await this.#compare()
    }
    await this.#look()
    rmSync(this.#project, { recursive: true })
  }

  async #act(): Promise<void> {
    const run = this.#some(({ status }) => status !== 'discarded')
    switch (this.#dice.below(14)) {
      case 0: case 1: return this.#begin(undefined)
      case 2: case 3: case 4: case 5: return this.#begin(this.#some((one) => this.#model.isGround(one)))
      case 6: case 7: return run && this.#apply(run, 'all', false)
      case 8: case 9: return run && this.#apply(run, 'all', true)
      case 10: return run && this.#applySome(run)
      case 11: return run && this.#rollback(this.#some(({ status }) => status === 'applied') ?? run)
      case 12: return run && (this.#dice.below(2) === 0 ? this.#discard(run) : this.#rerun(run))
      default: return this.#byHand(PATHS[this.#dice.below(PATHS.length)] ?? 'a', this.#dice.below(4) === 0 ? undefined : this.#text())
    }
  }

  async #begin(parent: ModelRun | undefined): Promise<void> {
    const script = this.#script()
    await this.#start(script, parent, (command, env) => this.#calls.runs.start.mutate({
      command: [command], cwd: this.#project, project: this.#project, env, umask: 0o22, ...(parent ? { on: parent.name } : { backend: this.#backend }),
    }))
  }

  async #start(script: readonly Edit[], parent: ModelRun | undefined, start: (command: string, env: Record<string, string>) => Promise<{ run: Run }>): Promise<ModelRun> {
    await sleep(TICK_MS)
    // What a repetition writes is not what the first one wrote; TERM is a variable that comes inside.
    const turn = `turn-${++this.#texts}`
    const { run } = await start(script.map(lineOf).join('; '), { PATH: process.env.PATH ?? '', TERM: turn })
    const { run: ended } = await this.#calls.runs.wait.query({ run: run.id })
    this.#told.push(`${run.id} on ${parent?.name ?? 'the host'}: ${script.map(lineOf).join('; ')}`)
    expect(ended.exitCode, `${this.#story()}${JSON.stringify(ended.stderr)}`).toBe(0)
    return this.#model.run(run.id, script, parent, turn)
  }

  async #apply(run: ModelRun, paths: readonly string[] | 'all', withParents: boolean): Promise<void> {
    const expected = this.#model.apply(run, paths, withParents)
    await this.#expect(`apply ${run.name} ${paths === 'all' ? '' : paths.join(' ')}${withParents ? '--with-parents' : ''}`, expected, () => this.#calls.runs.applyChanges.mutate({ run: run.name, paths: paths === 'all' ? [] : [...paths], withParents }))
  }

  /** One change of the change set: a move has two ends. */
  async #applySome(run: ModelRun): Promise<void> {
    const { changes } = (await this.#calls.runs.get.query({ run: run.name })).run
    const [change] = this.#dice.some(changes, 1)
    if (!change) return
    await this.#apply(run, [change.path, ...(change.from === undefined ? [] : [change.from])].map(String), false)
  }

  async #rollback(run: ModelRun): Promise<void> {
    const expected = this.#model.rollback(run)
    await this.#expect(`rollback ${run.name}`, expected, () => this.#calls.runs.rollback.mutate({ run: run.name }))
  }

  async #discard(run: ModelRun): Promise<void> {
    const cascade = this.#dice.below(2) === 0
    const expected = this.#model.discard(run, cascade)
    await this.#expect(`discard ${run.name}${cascade ? ' --cascade' : ''}`, expected, () => this.#calls.runs.discard.mutate({ run: run.name, cascade }))
  }

  async #rerun(run: ModelRun): Promise<void> {
    const ground = this.#model.groundFor(run, this.#repetitions)
    if (ground === 'refused') return this.#expect(`rerun ${run.name}`, 'refused', () => this.#calls.runs.rerun.mutate({ run: run.name }))
    const again = await this.#start(run.script, ground, (_, env) => this.#calls.runs.rerun.mutate({ run: run.name, env }))
    this.#repetitions.set(run, again)
    this.#model.supersede(run)
  }

  async #expect(act: string, expected: 'done' | 'conflict' | 'refused', call: () => Promise<unknown>): Promise<void> {
    this.#told.push(`${act}: ${expected}`)
    const got = await call().then((answer) => ((answer as { conflicts?: unknown[] }).conflicts?.length ? 'conflict' : 'done'), (error: unknown) => ((error as { code?: string }).code === 'bug' ? String(error) : 'refused'))
    expect(got, this.#story()).toBe(expected)
  }

  async #compare(): Promise<void> {
    expect(treeOf(this.#project), this.#story()).toEqual(sorted(this.#model.host))
    const { runs } = await this.#calls.runs.list.query({ project: this.#project, limit: 1000 })
    const found = new Map(runs.map(({ id, status }) => [id, status]))
    expect(Object.fromEntries(this.#model.runs.map(({ name }) => [name, found.get(name)])), this.#story()).toEqual(Object.fromEntries(this.#model.runs.map(({ name, status }) => [name, status])))
  }

  /** Inside of layers that may be stood upon everything is as the model says. */
  async #look(): Promise<void> {
    for (const parent of this.#dice.some(this.#model.runs.filter((one) => this.#model.isGround(one)), 3)) {
      const { run } = await this.#calls.runs.start.mutate({ command: ['find . -path ./.git -prune -o -type f -exec sh -c \'for file; do echo "${file#./} $(cat "$file")"; done\' sh {} +'], cwd: this.#project, env: { PATH: process.env.PATH ?? '' }, umask: 0o22, on: parent.name, wish: 'discard' })
      const { run: ended } = await this.#calls.runs.wait.query({ run: run.id })
      expect(String(ended.stdout).split('\n').filter((line) => line !== '').sort(), `${this.#story()}inside ${parent.name}`).toEqual(sorted(this.#model.view(parent)).map(([path, text]) => `${path} ${text}`))
    }
  }

  #byHand(path: string, text: string | undefined): void {
    this.#told.push(`by hand ${path} = ${text ?? 'nothing'}`)
    this.#model.put(path, text)
    if (text === undefined) rmSync(join(this.#project, path), { force: true })
    else writeFileSync(join(this.#project, path), text)
  }

  #script(): Edit[] {
    const [one = 'a', two = 'b', three = 'c', four = 'd'] = this.#dice.some(PATHS, 4)
    const edits: Edit[] = [{ do: 'write', path: one, text: this.#text() }]
    if (this.#dice.below(3) === 0) edits.push({ do: 'remove', path: two })
    if (this.#dice.below(3) === 0) edits.push({ do: 'move', path: three, to: four })
    return this.#dice.below(12) === 0 ? [] : edits
  }

  #some(test: (run: ModelRun) => boolean): ModelRun | undefined {
    return this.#dice.some(this.#model.runs.filter(test), 1)[0]
  }

  #text(): string {
    return `text-${++this.#texts}`
  }

  #story(): string {
    return `${this.#told.join('\n')}\n`
  }
}

function lineOf(edit: Edit): string {
  switch (edit.do) {
    case 'write': return `printf %s-$TERM ${edit.text} > ${edit.path}`
    case 'remove': return `rm -f ${edit.path}`
    case 'move': return `if [ -e ${edit.path} ]; then mv ${edit.path} ${edit.to}; fi`
  }
}

function treeOf(project: string): [string, string][] {
  const names = readdirSync(project, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return names.map((entry): [string, string] => [join(entry.parentPath, entry.name).slice(project.length + 1), readFileSync(join(entry.parentPath, entry.name), 'utf8')]).sort(([a], [b]) => (a < b ? -1 : 1))
}

function sorted(tree: ReadonlyMap<string, string>): [string, string][] {
  return [...tree].sort(([a], [b]) => (a < b ? -1 : 1))
}
