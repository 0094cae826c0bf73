/** The processes of a run as the host sees them: all descend from the launcher, also those that left their parents. */
import fs from 'node:fs'

export interface Crowd {
  readonly pids: readonly number[]
  /** Memory that only they hold: shared pages and files are not counted. */
  readonly memoryBytes: number
}

const PAGE_BYTES = 4096
/** A bomb is one long before the whole of it is counted. */
const COUNTED_MAX = 20_000

export function crowdBelow(launcher: number): Crowd {
  const pids: number[] = []
  let memoryBytes = 0
  const open = [launcher]
  for (let pid = open.pop(); pid !== undefined && pids.length < COUNTED_MAX; pid = open.pop()) {
    for (const task of tasksOf(pid)) open.push(...childrenOf(pid, task))
    if (pid === launcher) continue
    pids.push(pid)
    memoryBytes += privateBytes(pid)
  }
  return { pids, memoryBytes }
}

function tasksOf(pid: number): string[] {
  try { return fs.readdirSync(`/proc/${pid}/task`) } catch { return [] } // it has just ended
}

function childrenOf(pid: number, task: string): number[] {
  return read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number)
}

function privateBytes(pid: number): number {
  const [, resident = 0, shared = 0] = read(`/proc/${pid}/statm`).split(' ').map(Number)
  return Math.max(0, resident - shared) * PAGE_BYTES
}

function read(path: string): string {
  try { return fs.readFileSync(path, 'latin1') } catch { return '' } // it has just ended
}
