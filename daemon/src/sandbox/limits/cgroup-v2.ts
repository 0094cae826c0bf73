/**
 * Control groups of the second version: one tree, handed on from above. As root any place will do; a user has the part
 * that systemd delegated to the login. The group is made as high as we may write, because a group that holds processes
 * cannot hand its controllers on.
 */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { LaunchLimits } from '../launch.ts'
import type { Cgroups, Group, Hierarchies } from './cgroups.ts'
import { GroupFolder, leftOver } from './group-folder.ts'

const CPU_PERIOD_US = 100_000
const NEEDED = ['memory', 'pids'] as const

export function cgroupV2({ mounts, own, owner }: Hierarchies): Cgroups | null {
  const mount = mounts.find(({ type }) => type === 'cgroup2')
  if (!mount) return null
  const place = placesAbove(join(mount.at, own.get('') ?? ''), mount.at).map((path) => new GroupFolder(path)).find(handsOn)
  if (!place) return null
  const parent = join(place.path, owner)
  return {
    open: (run, limits) => open(parent, run, limits),
    sweep: () => { for (const folder of leftOver(parent)) void folder.remove() },
  }
}

/** From the top of the tree down to our own place. */
function placesAbove(own: string, top: string): string[] {
  const places = [top]
  const below: string[] = []
  for (let path = own; path.startsWith(`${top}/`); path = dirname(path)) below.unshift(path)
  return [...places, ...below]
}

/** Writable, and its children have (or can be given) what is needed. */
function handsOn(folder: GroupFolder): boolean {
  try {
    for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control']) fs.accessSync(join(folder.path, name), fs.constants.W_OK)
  } catch {
    return false
  }
  return enable(folder)
}

function enable(folder: GroupFolder): boolean {
  const available = folder.get('cgroup.controllers').split(' ')
  if (!NEEDED.every((name) => available.includes(name))) return false
  const wanted = [...NEEDED, ...(available.includes('cpu') ? ['cpu'] : [])]
  const given = folder.get('cgroup.subtree_control').split(' ')
  try {
    for (const name of wanted) if (!given.includes(name)) folder.set('cgroup.subtree_control', `+${name}`)
    return true
  } catch {
    return NEEDED.every((name) => given.includes(name)) // it holds processes, or the rest is not ours to give
  }
}

function open(parent: string, run: string, { memoryBytes, processes, cpus }: LaunchLimits): Group | null {
  const group = new GroupFolder(join(parent, run))
  try {
    fs.mkdirSync(parent, { recursive: true })
    if (!enable(new GroupFolder(parent))) return null
    fs.mkdirSync(group.path, { recursive: true })
    if (memoryBytes !== null) {
      group.set('memory.max', memoryBytes)
      if (group.has('memory.swap.max')) group.set('memory.swap.max', 0)
      // All of the run ends, not the one process that asked last.
      if (group.has('memory.oom.group')) group.set('memory.oom.group', 1)
    }
    if (processes !== null) group.set('pids.max', processes)
    if (cpus !== null && group.has('cpu.max')) group.set('cpu.max', `${Math.max(1000, Math.round(cpus * CPU_PERIOD_US))} ${CPU_PERIOD_US}`)
  } catch {
    // Another administrator's rules: the watchdog takes over, and the walls say what is held.
    void group.remove()
    return null
  }
  return {
    join: (pid) => group.set('cgroup.procs', pid),
    breach: () => {
      if (memoryBytes !== null && group.count('memory.events', 'oom_kill') > 0) return { limit: 'memory', allowed: memoryBytes, amount: Number(group.get('memory.peak')) || memoryBytes }
      if (processes !== null && group.count('pids.events', 'max') > 0) return { limit: 'processes', allowed: processes, amount: processes }
      return null
    },
    close: async () => {
      if (group.has('cgroup.kill')) { try { group.set('cgroup.kill', 1) } catch { /* it is empty or gone */ } }
      await group.remove()
    },
  }
}
