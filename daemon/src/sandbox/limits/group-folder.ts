/** One folder of a control group file system: its knobs are files. */
import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export class GroupFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Throws where the kernel refuses. */
  set(knob: string, value: string | number): void {
    fs.writeFileSync(join(this.path, knob), String(value))
  }

  has(knob: string): boolean {
    return fs.existsSync(join(this.path, knob))
  }

  get(knob: string): string {
    try { return fs.readFileSync(join(this.path, knob), 'utf8').trim() } catch { return '' } // gone, or not on this kernel
  }

  /** A line `name N` of a knob that counts. */
  count(knob: string, name: string): number {
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(this.get(knob))?.[1] ?? 0)
  }

  processes(): number[] {
    return this.get('cgroup.procs').split('\n').filter(Boolean).map(Number)
  }

  /** A group goes once its last process is gone, which takes the kernel a moment. */
  async remove(): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      for (const pid of this.processes()) end(pid)
      if (this.#rmdir()) return
      await sleep(10 * (attempt + 1))
    }
  }

  /** False while something is in it. */
  #rmdir(): boolean {
    try {
      fs.rmdirSync(this.path)
      return true
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    }
  }
}

function end(pid: number): void {
  try { process.kill(pid, 'SIGKILL') } catch { /* it has just ended by itself */ }
}

/** The folders of runs that a daemon of this state made and did not remove. */
export function leftOver(parent: string): GroupFolder[] {
  try {
    return fs.readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => new GroupFolder(join(parent, entry.name)))
  } catch {
    return [] // never made
  }
}
