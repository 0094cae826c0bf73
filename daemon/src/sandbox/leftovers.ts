/**
 * What an earlier daemon may have left running: processes whose mounts come from our layers. The kernel ends them with
 * their launcher, a moment after the daemon died; whoever reads the layers next waits for that, and helps.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { mountedPlace, type MountedPlace } from './mount-table.ts'

/** A SIGKILL takes effect at once, except on what waits inside the kernel. */
const PATIENCE_MS = 2000
const STEP_MS = 20

/** Ends them; returns those that are still there when patience is over. */
export async function endLeftovers(layers: string): Promise<number[]> {
  const place = mountedPlace(layers)
  let left = place ? livingIn(place) : []
  for (let waited = 0; place && left.length > 0 && waited < PATIENCE_MS; waited += STEP_MS) {
    for (const pid of left) end(pid)
    await sleep(STEP_MS)
    left = livingIn(place)
  }
  return left
}

/** A process outside of every sandbox sees the file system as we do, and never a folder of ours mounted somewhere. */
function livingIn(place: MountedPlace): number[] {
  const own = process.geteuid?.()
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return pid !== process.pid && (own === 0 || statSync(`/proc/${pid}`).uid === own || isOurInit(pid)) && holds(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), place)
    } catch {
      return false // it has just ended, or is none of our business
    }
  })
}

/** pid 1 of a sandbox cannot be read by its own user; the kernel gives its folder in /proc to root. */
function isOurInit(pid: number): boolean {
  return new RegExp(`^Uid:\\s+${process.geteuid?.()}\\s`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

function holds(mountinfo: string, { device, path }: MountedPlace): boolean {
  return mountinfo.split('\n').some((line) => {
    const [, , itsDevice, itsRoot] = line.split(' ')
    return itsDevice === device && (itsRoot ?? '').startsWith(`${path}/`)
  })
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime, which is what we want.
  }
}
