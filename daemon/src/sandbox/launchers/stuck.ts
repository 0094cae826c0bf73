/** Who is left of a sandbox whose pid 1 does not go away: told to the person, who alone can do something about it. */
import { readdirSync, readFileSync } from 'node:fs'

const TOLD_MAX = 20

interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly state: string
}

/** As `PID NAME (STATE)`. Orphans are the children of pid 1, so that all of them descend from it. */
export function stuckBelow(init: number): string[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => processOf(Number(name)))
  const found: Process[] = []
  for (let parents = [init]; parents.length > 0;) {
    const children = all.filter(({ parent }) => parents.includes(parent))
    found.push(...children)
    parents = children.map(({ pid }) => pid)
  }
  return found.slice(0, TOLD_MAX).map(({ pid, name, state }) => `${pid} ${name} (${state})`)
}

function processOf(pid: number): Process[] {
  try {
    const [, name = '', state = '', parent = ''] = /^\d+ \((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return [{ pid, parent: Number(parent), name, state }]
  } catch {
    return [] // it has just ended
  }
}
