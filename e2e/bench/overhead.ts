/**
 * Overhead of the sandbox: launcher spawn to exit, minus a bare spawn of the same command, in the same process. The
 * rooms are used directly, so that neither client nor log nor change set is in the figure.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@nexus/daemon/base/clock'
import type { Layer } from '@nexus/daemon/sandbox/layer'
import { createSandbox, environmentInside, type Choice } from '@nexus/daemon/sandbox/sandbox'
import { removeTree, root } from '../nexus.ts'
import { pairs, type Pair } from './pairs.ts'

export interface Rung {
  readonly name: 'native' | 'util-linux' | 'copy'
  readonly choice: Choice
  /** With `parents`, uppers nearest first, the making of the layer is in the figure as well. */
  measure(project: string, rounds: number, parents?: readonly string[]): Promise<Pair>
  /** Runs a shell line and keeps its layer: the upper. */
  leave(project: string, parents: readonly string[], line: string): Promise<string>
}

const NATIVE = join(root, 'daemon/dist/nexus-native')
const COMMAND = ['/bin/true']

export class Overheads implements Disposable {
  readonly native = NATIVE
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-bench-')))

  /** A project with this many small files in folders of 100. */
  project(files: number): string {
    const project = join(this.folder, `project-${files}`)
    mkdirSync(join(project, '.git'), { recursive: true })
    for (let at = 0; at < files; at += 1) {
      const folder = join(project, `d${Math.floor(at / 100) % 100}`, `e${Math.floor(at / 10_000)}`)
      if (at % 100 === 0) mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `f${at}.txt`), `file ${at}\n`)
    }
    return project
  }

  /** The rung, or why this machine does not have it. */
  async rung(name: Rung['name']): Promise<Rung | string> {
    const state = join(this.folder, `state-${name}`)
    const userHome = join(this.folder, 'home')
    mkdirSync(state, { recursive: true, mode: 0o700 })
    mkdirSync(userHome, { recursive: true })
    if (name === 'native' && !existsSync(NATIVE)) return 'the native launcher is not built here'
    const sandbox = createSandbox({ nativePath: name === 'util-linux' ? join(this.folder, 'no-native') : NATIVE, ferry: join(root, 'daemon/dist/ferry.mjs'), state, userHome, path: process.env.PATH ?? '/usr/bin:/bin', hidden: [], clock: systemClock })
    let choice: Choice
    try {
      choice = await sandbox.choose(name === 'copy' ? 'copy' : 'overlay', this.project(1))
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    if (name !== 'copy' && choice.launcher !== name) return `the launcher here is ${choice.launcher}`
    const env = environmentInside({ PATH: process.env.PATH ?? '' }, userHome)
    let number = 0
    // Layers stay until the end: ext4 looks past every inode that was freed in the last seconds when it makes a new one,
    // so forty layers removed in one second would make each mkdir dearer than it is for anybody's next command.
    const open = (project: string, parents: readonly string[]) => sandbox.open(`bench-${(number += 1)}`, project, choice, parents)
    const launchIn = async (layer: Layer, argv: string[]): Promise<number> => {
      const launch = sandbox.launch(layer, choice, { argv, cwd: layer.project, env, umask: 0o022, net: 'off', stdin: false })
      launch.onOutput(() => undefined)
      const end = await launch.ended
      if (end.type !== 'exited' || end.exitCode !== 0) throw new Error(`the command ended badly: ${JSON.stringify(end)}`)
      return end.durationMs
    }
    const passing = async (project: string, parents: readonly string[] | undefined): Promise<number> => {
      const beganAt = performance.now()
      const layer = await open(project, parents ?? [])
      const openedMs = parents ? performance.now() - beganAt : 0
      return openedMs + (await launchIn(layer, COMMAND))
    }
    return {
      name, choice, measure: (project, rounds, parents) => pairs(rounds, () => bare(project, env), () => passing(project, parents)),
      leave: async (project, parents, line) => {
        const layer = await open(project, parents)
        await launchIn(layer, ['/bin/sh', '-c', line])
        return layer.upper
      },
    }
  }

  [Symbol.dispose](): void {
    removeTree(this.folder)
  }
}

function bare(cwd: string, env: Readonly<Record<string, string>>): Promise<number> {
  const [program = '', ...args] = COMMAND
  return new Promise((resolve, reject) => {
    const beganAt = performance.now()
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.on('error', reject)
    child.on('exit', () => resolve(performance.now() - beganAt))
  })
}
