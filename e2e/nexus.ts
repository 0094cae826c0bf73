/** A Nexus of a test's own: fresh state, fresh project, the real client and daemon; nothing is left behind. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run } from '@nexus/protocol/runs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export interface Ended { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: string; readonly stderr: string }

export class Nexus implements AsyncDisposable {
  readonly base: string
  readonly project: string
  readonly userHome: string
  readonly env: Record<string, string>

  constructor(options: { base?: string; env?: Record<string, string> } = {}) {
    this.base = realpathSync(mkdtempSync(join(options.base ?? tmpdir(), 'nexus-e2e-')))
    this.project = join(this.base, 'project')
    this.userHome = join(this.base, 'home')
    mkdirSync(join(this.project, '.git'), { recursive: true })
    mkdirSync(this.userHome)
    this.env = {
      PATH: process.env.PATH ?? '', HOME: this.userHome, LANG: 'C.UTF-8', TERM: 'xterm-256color', USER: process.env.USER ?? 'root',
      NEXUS_HOME: join(this.base, 'state'), NEXUS_PORT: 'off', ...options.env,
    }
  }

  start(args: readonly string[], options: { cwd?: string; input?: string | Buffer } = {}): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(join(root, 'nexus'), args, { cwd: options.cwd ?? this.project, env: this.env, stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    if (options.input !== undefined) child.stdin?.end(options.input)
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
    return (await this.json<{ run: Run }>('run', ...words)).run
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
