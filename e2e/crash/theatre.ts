/**
 * Where daemons die: a real project with a run that changes it in every way there is, the real daemon under the fault
 * layer, and the questions asked afterwards: is the host old or new, does the record say so, is nothing left over.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { STAGE_PREFIX } from './words.ts'
import type { Run } from '@nexus/protocol/runs'
import { Faults, type Fault, type Moment, type Shim } from './faults.ts'
import { brokenLink, type LoggedEvent } from './log.ts'
import { Nexus, type Ended, type NexusOptions } from '../nexus.ts'
import { differences, snapshot, type Entry, type Snapshot } from '../oracle.ts'

/** Every kind of step: content, modes, times, links, removed and new trees, files that become directories, odd names. */
export const PROJECT = `
  mkdir -p keep/deep gone/inside empty becomes-file tight; echo keep >keep/deep/file; echo old >edited; echo moved along >keep/moved; echo 1 >gone/inside/one; echo 2 >gone/two
  ln -s edited link; echo f >becomes-directory; echo x >becomes-file/x; echo t >tight/t; echo s >script.sh; printf name >$'new\\nline'; touch -d 2020-02-02 dated
  find . -name .git -prune -o -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +; chmod 500 tight; touch -d '2021-03-04 05:06:07.123456789' .`
export const RUN = `
  mkdir -p fresh/sub; echo new >fresh/sub/file; echo new >>edited; mv keep/moved fresh/moved; rm -r gone; rmdir empty; mkdir hollow; ln -sfn keep link
  rm becomes-directory; mkdir becomes-directory; echo in >becomes-directory/in; rm -r becomes-file; echo now >becomes-file; chmod 755 script.sh; touch -d '2001-01-01 00:00:00.5' dated
  chmod 700 tight; echo u >tight/u; chmod 500 tight; rm $'new\\nline'; printf x >$'\\xff\\xfe'; echo a >twin-a; ln twin-a twin-b`
/** What the partial apply brings; the rest brings what is left. */
const SOME = ['fresh/sub', 'edited', 'gone', 'becomes-file', 'script.sh', 'twin-a', 'twin-b']

export type Scene = 'before' | 'some' | 'all'

export interface Act {
  readonly words: readonly string[]
  readonly from: Scene
  readonly to: Scene
}

/** What can be interrupted. */
export const ACTS = {
  'apply': { words: ['apply', 'RUN', '.'], from: 'before', to: 'all' },
  'partial apply': { words: ['apply', 'RUN', 'SOME'], from: 'before', to: 'some' },
  'apply the rest': { words: ['apply', 'RUN', '.'], from: 'some', to: 'all' },
  'rollback': { words: ['rollback', 'RUN'], from: 'all', to: 'before' },
  'rollback of two applies': { words: ['rollback', 'RUN'], from: 'some', to: 'before' },
} as const satisfies Record<string, Act>
export type ActName = keyof typeof ACTS

/** One performance: what the client was told, and every change of a file up to the end. */
export interface Performed {
  readonly ended: Ended
  readonly trace: readonly Moment[]
  /** The fault came. */
  readonly fired: boolean
}

export interface TheatreOptions extends NexusOptions {
  /** False: without the compiled helper. */
  readonly native: boolean
  /** What the project is made of, and what the run does to it: lines of bash, or a command of its own. */
  readonly project?: string | ((folder: string) => void)
  readonly run?: readonly string[]
  /** Some files have several names: how many of them share a file then is not asked. */
  readonly sharesFiles?: boolean
  /** Chance may delete a history, and whoever applies that says so. */
  readonly confirms?: boolean
  /** What the partial apply brings. */
  readonly some?: (run: Run) => readonly string[]
}

export class Theatre implements AsyncDisposable {
  readonly nexus: Nexus
  readonly faults: Faults
  readonly scenes = new Map<Scene, Snapshot>()
  readonly #native: boolean
  readonly #sharesFiles: boolean
  readonly #confirms: boolean
  readonly #as: NexusOptions['as']
  #run = ''
  /** The project has files of several names. */
  #hasTwins = false
  /** Nothing that the run left is younger. */
  #keptAtNs = 0n
  #some: readonly string[] = SOME
  /** False: there is nothing to apply. */
  hasChanges = true
  #seen: LoggedEvent[] = []

  private constructor(shim: Shim, options: TheatreOptions) {
    this.#native = options.native
    this.#sharesFiles = options.sharesFiles ?? false
    this.#confirms = options.confirms ?? false
    this.#as = options.as
    this.nexus = new Nexus(options)
    this.faults = new Faults(shim, this.nexus.base, options)
    Object.assign(this.nexus.env, this.faults.env)
    this.faults.watch(this.nexus.project, this.state)
    const { project = PROJECT } = options
    if (typeof project === 'string') this.host(project)
    else project(this.nexus.project)
  }

  /** Opens with the run kept; every scene has been seen once, undisturbed. */
  static async open(shim: Shim, options: TheatreOptions): Promise<Theatre> {
    const theatre = new Theatre(shim, options)
    const before = theatre.look()
    theatre.scenes.set('before', before)
    theatre.#hasTwins = theatre.#sharesFiles && [...before.values()].some(({ type, links }) => type === 'file' && (links ?? 1) > 1)
    // What was written a moment ago must not look as if it had been written during the run.
    await sleep(30)
    const run = await theatre.nexus.run('--keep', ...(options.run ? ['--', ...options.run] : [RUN]))
    if (run.status !== 'kept' && run.status !== 'unchanged') throw new Error(`the run is ${run.status}: ${JSON.stringify(run)}`)
    theatre.#run = run.id
    theatre.#keptAtNs = BigInt(Date.now()) * 1_000_000n
    theatre.#some = options.some?.(run) ?? SOME
    theatre.hasChanges = run.status === 'kept'
    return theatre
  }

  /** Applies it all and some of it once, and remembers what that looks like. */
  async rehearse(): Promise<void> {
    for (const name of ['apply', 'rollback', 'partial apply', 'rollback of two applies'] as const) {
      const { ended } = await this.perform(name)
      if (ended.code !== 0) throw new Error(`${name}: ${ended.stdout}${ended.stderr}`)
      const { to } = ACTS[name]
      const seen = this.scenes.get(to)
      if (!seen) this.scenes.set(to, this.look())
      else if (this.differences(to).length > 0) throw new Error(`${name}: ${this.differences(to).join('\n')}`)
    }
  }

  get run(): string {
    return this.#run
  }

  get state(): string {
    return join(this.nexus.base, 'state')
  }

  /** What somebody does on the host. */
  host(shell: string): void {
    execFileSync('bash', ['-c', shell], { cwd: this.nexus.project, stdio: ['ignore', 'ignore', 'inherit'], ...this.#as })
  }

  async perform(name: ActName, fault?: Fault, options: { record?: boolean } = {}): Promise<Performed> {
    return await this.call(this.wordsOf(name), fault, options)
  }

  wordsOf(name: ActName): string[] {
    const words = ACTS[name].words.flatMap((word) => (word === 'RUN' ? this.#run : word === 'SOME' ? this.#some : word))
    return this.#confirms && words[0] === 'apply' ? [...words, '--confirm', 'critical'] : words
  }

  /** Any command, with the fault armed while it lasts. */
  async call(words: readonly string[], fault?: Fault, options: { record?: boolean } = {}): Promise<Performed> {
    this.faults.arm(fault, options)
    const ended = await this.nexus.call(...words)
    this.faults.disarm()
    return { ended, trace: this.faults.trace(), fired: this.faults.fired > 0 }
  }

  /** A command that is stopped at a call; something happens meanwhile; then it goes on. */
  async interrupted(words: readonly string[], hold: Omit<Fault & { type: 'hold' }, 'type'>, meanwhile: () => unknown): Promise<Ended> {
    this.faults.arm({ type: 'hold', ...hold })
    const { ended } = this.nexus.start(words)
    // A command that ends without ever being stopped must not keep the test waiting.
    const came = new AbortController()
    void ended.then(() => came.abort())
    try {
      await this.faults.held(came.signal)
      await meanwhile()
    } finally {
      this.faults.release()
    }
    const end = await ended
    this.faults.disarm()
    return end
  }

  /** The next command after whatever happened; starts a daemon where none lives. */
  async show(): Promise<Run> {
    const { run, ...answer } = await this.nexus.json<{ run?: Run; error?: unknown }>('show', this.#run)
    if (!run) throw new Error(`nexus show ${this.#run} answered ${JSON.stringify(answer)}`)
    return run
  }

  /** Leads from wherever the record says the host is to a scene, undisturbed. */
  async bringTo(scene: Scene): Promise<void> {
    const { status, appliedPaths, changes } = await this.show()
    const is: Scene = status !== 'applied' ? 'before' : appliedPaths.length < changes.length ? 'some' : 'all'
    if (is === scene) return
    if (is !== 'before') await this.#mustPass('rollback')
    if (scene !== 'before') await this.#mustPass(scene === 'all' ? 'apply' : 'partial apply')
  }

  /** What is wrong now, in lines; empty when the host is at that scene, the record says so, and nothing is left over. */
  async complaints(scene: Scene): Promise<string[]> {
    const run = await this.show()
    return [...this.differences(scene), ...this.#untruths(run, scene), ...this.#leftovers(), ...(await this.#logComplaints())]
  }

  /** A power failure may take the newest events with it, those that nobody waited for. */
  forgetLog(): void {
    this.#seen = []
  }

  look(): Snapshot {
    return snapshot(this.nexus.project, { xattrs: false, skip: (path) => path === '.git' })
  }

  differences(scene: Scene, found = this.look()): string[] {
    // A name of a file with several names that went and came back alone is a file of its own.
    const ignored = [...(this.#native ? [] : ['mtimeNs' as const]), ...(this.#sharesFiles ? ['links' as const] : [])]
    const wanted = this.#scene(scene)
    // A folder that goes, and of which only some went so far, has the time of that apply: another one each time.
    const isOfApply = (entry: Entry | undefined) => entry?.type === 'directory' && entry.mtimeNs > this.#keptAtNs
    // A file whose other names went has to be made anew only once; its folder is worked in only then.
    const mayDiffer = (path: string) => (this.#hasTwins && wanted.get(path)?.type === 'directory') || (isOfApply(wanted.get(path)) && isOfApply(found.get(path)))
    return differences(wanted, found, { ignore: (path) => (mayDiffer(path) ? [...ignored, 'mtimeNs'] : ignored) })
  }

  /**
   * Paths that are neither as in the one scene nor as in the other: half a file. The staging folder is nobody's. Without
   * the helper nothing changes places at once: there, a file that becomes a directory may be absent for a moment.
   */
  halves(one: Scene, other: Scene): string[] {
    const [a, b] = [this.#scene(one), this.#scene(other)]
    const content = (entry: Entry | undefined) => (entry ? `${entry.type} ${entry.sha256 ?? entry.target ?? ''}` : 'nothing')
    const found = new Map([...this.look()].filter(([path]) => !path.startsWith(STAGE_PREFIX)))
    return [...new Set([...found.keys(), ...a.keys(), ...b.keys()])].filter((path) => ![a, b].some((scene) => content(scene.get(path)) === content(found.get(path))) && (this.#native || found.has(path) || a.get(path)?.type === b.get(path)?.type))
  }

  /** `kill -9`, and waits until it is gone with all its threads: the last of them closes the socket. */
  async killDaemon(): Promise<void> {
    const { daemon } = this.faults
    try {
      process.kill(daemon, 'SIGKILL')
      while (!readFileSync(`/proc/${daemon}/stat`, 'utf8').includes(') Z ') || readdirSync(`/proc/${daemon}/task`).length > 1) await sleep(5)
    } catch (error) {
      // Gone.
      if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.faults.disarm()
    await this.nexus[Symbol.asyncDispose]()
    this.faults[Symbol.dispose]()
  }

  #scene(name: Scene): Snapshot {
    const scene = this.scenes.get(name)
    if (!scene) throw new Error(`nobody has seen the scene ${name}`)
    return scene
  }

  async #mustPass(name: ActName): Promise<void> {
    const { ended } = await this.perform(name)
    if (ended.code !== 0) throw new Error(`${name} did not pass: ${ended.stdout}${ended.stderr}`)
  }

  #untruths(run: Run, scene: Scene): string[] {
    const statuses: readonly string[] = scene === 'before' ? ['kept', 'rolled-back'] : ['applied']
    const lines = statuses.includes(run.status) ? [] : [`the run is ${run.status}, not ${statuses.join(' or ')}`]
    const { length } = run.appliedPaths
    if (scene === 'before' && length > 0) lines.push(`${length} paths count as applied`)
    if (scene === 'all' && length !== run.changes.length) lines.push(`${length} of ${run.changes.length} paths count as applied`)
    if (scene === 'some' && (length === 0 || length >= run.changes.length)) lines.push(`${length} of ${run.changes.length} paths count as applied, not some`)
    return lines
  }

  #leftovers(): string[] {
    const stages = readdirSync(this.nexus.project).filter((name) => name.startsWith(STAGE_PREFIX)).map((name) => `${name} is left in the project`)
    const folder = join(this.state, 'applies')
    const names = existsSync(folder) ? readdirSync(folder) : []
    const open = names.filter((name) => !/"mark":"(done|undone)"/.test(readFileSync(join(folder, name), 'utf8')) && /"mark":"planned"/.test(readFileSync(join(folder, name), 'utf8')))
    return [...stages, ...open.map((name) => `the journal ${name} has no end`)]
  }

  /** The chain is whole, and what was seen in it before is still there. */
  async #logComplaints(): Promise<string[]> {
    const { stdout } = await this.nexus.call('events', '--json')
    const events = stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as LoggedEvent)
    const lost = this.#seen.filter((event, index) => events[index]?.hash !== event.hash).map(({ seq, type }) => `the event ${seq} (${type}) is lost`)
    this.#seen = events
    const broken = brokenLink(events)
    return [...lost, ...(broken === undefined ? [] : [`the chain breaks at ${broken}`])]
  }
}
