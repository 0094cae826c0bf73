/** Real ground for the contract suite: a folder with a project, a home and a state, and commands run in layers of it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Backend } from '@nexus/protocol/runs'
import type { Launch, LaunchEnd, LaunchOrder } from '../launch.ts'
import type { Launcher } from '../launchers/launcher.ts'
import type { Layer } from '../layer.ts'
import { openLayer } from '../layers.ts'
import { discardLayer } from '../discard.ts'
import { sceneOf } from '../stage.ts'

export interface Rung {
  readonly launcher: Launcher
  readonly backend: Backend
  readonly xattrs: 'trusted' | 'user'
}

export interface Ended {
  readonly end: LaunchEnd
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A place that stays visible inside, where we may write it. */
const OPEN = ['/srv', '/opt'].find((path) => isWritable(path))

let layers = 0

export class Ground implements AsyncDisposable {
  readonly folder: string
  readonly project: string
  readonly home: string
  readonly state: string
  readonly #rung: Rung

  /** `at`: where the folder is made; `name`: the project's own name. */
  constructor(rung: Rung, { at = OPEN ?? '/var/tmp', project = 'project', state = 'state' }: { at?: string; project?: string; state?: string } = {}) {
    this.#rung = rung
    this.folder = realpathSync(mkdtempSync(join(at, 'nexus-contract-')))
    chmodSync(this.folder, 0o755)
    this.home = join(this.folder, 'home')
    this.project = join(this.folder, project)
    this.state = join(this.folder, state)
    for (const folder of [this.home, this.project, this.state]) mkdirSync(folder, { recursive: true, mode: 0o755 })
    writeFileSync(join(this.project, 'kept.txt'), 'kept\n')
    writeFileSync(join(this.project, 'gone.txt'), 'gone\n')
    mkdirSync(join(this.project, 'src'))
    writeFileSync(join(this.project, 'src/main.c'), 'int main(void) { return 0; }\n')
  }

  /** Is the folder around the project visible inside? */
  get isInOpen(): boolean {
    return OPEN !== undefined && this.folder.startsWith(OPEN)
  }

  layer(parents: readonly string[] = []): Promise<Layer> {
    const { backend, xattrs } = this.#rung
    return openLayer({ run: `r${++layers}`, project: this.project, backend, xattrs, parents, state: this.state, userHome: this.home, path: SYSTEM_PATH })
  }

  launch(layer: Layer, command: string | readonly string[], order: Partial<LaunchOrder> = {}, hidden: readonly string[] = []): Launch {
    const whole: LaunchOrder = {
      argv: typeof command === 'string' ? ['/bin/sh', '-c', command] : command, cwd: this.project,
      env: { PATH: SYSTEM_PATH, HOME: this.home }, umask: 0o022, net: 'off', stdin: false, ...order,
    }
    return this.#rung.launcher.launch(sceneOf({ state: this.state, userHome: this.home, hidden }, layer, whole), whole)
  }

  /** One command in a new layer (or in the one given), from start to end. Throws when the sandbox failed and must not. */
  async run(command: string | readonly string[], order: Partial<LaunchOrder> & { layer?: Layer; input?: string; hidden?: readonly string[]; mayFail?: boolean } = {}): Promise<Ended & { layer: Layer }> {
    const { layer: given, input, hidden, mayFail = false, ...rest } = order
    const layer = given ?? await this.layer()
    const launch = this.launch(layer, command, { ...rest, ...(input === undefined ? {} : { stdin: true }) }, hidden)
    if (input !== undefined) void launch.write(Buffer.from(input)).then(() => launch.endInput())
    const ended = await gather(launch)
    if (ended.end.type === 'failed' && !mayFail) throw new Error(`the sandbox failed: ${ended.end.step}: ${ended.end.cause}\n${ended.stderr}`)
    return { ...ended, layer }
  }

  /** Everything but the state, as one word for each entry. */
  fingerprint(folder: string = this.folder): Record<string, string> {
    return fingerprint(folder, this.state)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await discardLayer(this.folder, dirname(this.folder), SYSTEM_PATH)
  }
}

export async function gather(launch: Launch): Promise<Ended> {
  const startedAt = performance.now()
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  launch.onOutput((stream, chunk) => chunks[stream].push(chunk))
  const end = await launch.ended
  return { end, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString(), tookMs: performance.now() - startedAt }
}

/** Independent of the product's own change set: type, mode, times, and bytes of every entry. */
export function fingerprint(folder: string, except?: string, at = ''): Record<string, string> {
  return Object.assign({}, ...readdirSync(join(folder, at)).filter((name) => join(folder, at, name) !== except).map((name) => {
    const path = join(at, name)
    const whole = join(folder, path)
    const { mode, uid, gid, mtimeNs, size } = lstatSync(whole, { bigint: true })
    const own = `${mode.toString(8)} ${uid}:${gid} ${mtimeNs}`
    if (lstatSync(whole).isSymbolicLink()) return { [path]: `${own} -> ${readlinkSync(whole)}` }
    if (lstatSync(whole).isDirectory()) return { [path]: own, ...fingerprint(folder, except, path) }
    return { [path]: lstatSync(whole).isFile() ? `${own} ${size} ${createHash('sha256').update(readFileSync(whole)).digest('hex')}` : own }
  }))
}

/** Host processes whose command line holds a word that no other test uses. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      return false // ended while we looked
    }
  })
}

export async function eventually(condition: () => boolean, withinMs: number): Promise<boolean> {
  const givenUpAt = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > givenUpAt) return false
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return true
}

/** The ferry of the launchers that have none of their own. */
export const FERRY = fileURLToPath(new URL('../../ferry.ts', import.meta.url))

const NATIVE_SOURCES = join(dirname(fileURLToPath(import.meta.url)), '../../../native')

const compiled = new Map<string, string | undefined>()
const builds: string[] = []

/** The built helper, or a fresh one when the sources are newer; undefined without a compiler. */
export function nativeProgram(flags: readonly string[] = []): string | undefined {
  const key = flags.join(' ')
  if (!compiled.has(key)) compiled.set(key, flags.length === 0 && isBuilt() ? BUILT : compile(flags))
  return compiled.get(key)
}

/** A suite that called nativeProgram ends with this. */
export function removePrograms(): void {
  for (const folder of builds.splice(0)) rmSync(folder, { recursive: true, force: true })
}

const BUILT = join(NATIVE_SOURCES, '../dist/nexus-native')

function sources(): string[] {
  return readdirSync(NATIVE_SOURCES).filter((name) => /\.[ch]$/.test(name)).map((name) => join(NATIVE_SOURCES, name))
}

function isBuilt(): boolean {
  return existsSync(BUILT) && sources().every((file) => statSync(file).mtimeMs < statSync(BUILT).mtimeMs)
}

function compile(flags: readonly string[]): string | undefined {
  return compileC('nexus-native', ['-O1', '-g', '-Wall', '-Wextra', '-Werror', ...flags], sources().filter((file) => file.endsWith('.c')))
}

/** renamer.c beside this file; undefined without a compiler. Ends with removePrograms, too. */
export function renamerProgram(): string | undefined {
  if (!compiled.has('renamer')) compiled.set('renamer', compileC('renamer', ['-O1', '-pthread'], [fileURLToPath(new URL('renamer.c', import.meta.url))]))
  return compiled.get('renamer')
}

function compileC(name: string, flags: readonly string[], files: readonly string[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-native-'))
  builds.push(folder)
  chmodSync(folder, 0o755)
  const program = join(folder, name)
  const { error, status, stderr } = spawnSync('cc', ['-std=gnu17', ...flags, '-o', program, ...files], { encoding: 'utf8' })
  if (error) return undefined
  if (status !== 0) throw new Error(stderr)
  return program
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false // not ours, or not there
  }
}
