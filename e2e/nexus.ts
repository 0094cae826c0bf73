/** A Nexus of a test's own: fresh state, fresh project, the real client and daemon; nothing is left behind. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run } from '@nexus/protocol/runs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export interface Ended { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: string; readonly stderr: string }

/** A user who is not root and owns nothing else; only root can become one. */
export const STRANGER = { uid: 1500, gid: 1500 }

export interface NexusOptions {
  readonly base?: string
  readonly env?: Record<string, string>
  /** Everything belongs to this user and is started as this user. */
  readonly as?: { readonly uid: number; readonly gid: number }
}

export class Nexus implements AsyncDisposable {
  readonly base: string
  readonly project: string
  readonly userHome: string
  readonly env: Record<string, string>

  /** Words before the program, as `nsenter …`. */
  through: readonly string[] = []
  readonly #as: NexusOptions['as']

  constructor(options: NexusOptions = {}) {
    this.#as = options.as
    this.base = realpathSync(mkdtempSync(join(options.base ?? tmpdir(), 'nexus-e2e-')))
    this.project = join(this.base, 'project')
    this.userHome = join(this.base, 'home')
    mkdirSync(join(this.project, '.git'), { recursive: true })
    mkdirSync(this.userHome)
    this.env = {
      PATH: process.env.PATH ?? '', HOME: this.userHome, LANG: 'C.UTF-8', TERM: 'xterm-256color', USER: process.env.USER ?? 'root',
      NEXUS_HOME: join(this.base, 'state'), NEXUS_PORT: 'off', ...options.env,
    }
    if (options.as) for (const folder of [this.base, this.userHome, this.project, join(this.project, '.git')]) chownSync(folder, options.as.uid, options.as.gid)
  }

  /** What a test wrote into the project becomes the user's. */
  own(): void {
    if (this.#as) spawnSync('chown', ['-hR', `${this.#as.uid}:${this.#as.gid}`, this.project])
  }

  /** `input: 'open'`: the child's stdin is for the test to write to. */
  start(args: readonly string[], options: { cwd?: string; input?: string | Buffer } = {}): { child: ChildProcess; ended: Promise<Ended> } {
    const [program = '', ...words] = [...this.through, join(root, 'nexus'), ...args]
    const child = spawn(program, words, { cwd: options.cwd ?? this.project, env: this.env, ...this.#as, stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    if (options.input !== undefined && options.input !== 'open') child.stdin?.end(options.input)
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }))
    })
    return { child, ended }
  }

  call(...args: string[]): Promise<Ended> {
    return this.start(args).ended
  }

  /** A call with --json whose answer is parsed; throws with everything it said when that is no JSON. */
  async json<Shape>(...args: string[]): Promise<Shape & { code: number | null }> {
    const [command = '', ...rest] = args
    const ended = await this.call(command, '--json', ...rest)
    try {
      return { ...(JSON.parse(ended.stdout) as Shape), code: ended.code }
    } catch (error) {
      throw new Error(`nexus ${args.join(' ')} answered ${JSON.stringify(ended)}`, { cause: error })
    }
  }

  async run(...words: string[]): Promise<Run> {
    const answer = await this.json<{ run?: Run; error?: unknown }>('run', ...words)
    if (!answer.run) throw new Error(`nexus run ${words.join(' ')} was refused: ${JSON.stringify(answer.error)}`)
    return answer.run
  }

  async pid(): Promise<number> {
    return (await this.json<{ pid: number }>('status')).pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(join(this.base, 'state'))) await this.call('daemon', 'stop')
    removeTree(this.base)
  }
}

/** overlayfs leaves folders of mode 000 behind, and tests make some. */
export function removeTree(folder: string): void {
  spawnSync('chmod', ['-R', 'u+rwX', folder], { stdio: 'ignore' })
  rmSync(folder, { recursive: true, force: true })
}
