/** Control groups of the first version: one tree per controller, and only root may make groups. */
import fs from 'node:fs'
import { join } from 'node:path'
import type { LaunchLimits } from '../launch.ts'
import type { Cgroups, Group, Hierarchies } from './cgroups.ts'
import { GroupFolder, leftOver } from './group-folder.ts'

const CPU_PERIOD_US = 100_000

export function cgroupV1({ mounts, own, owner }: Hierarchies): Cgroups | null {
  const folderOf = (controller: string): string | null => {
    const mount = mounts.find(({ type, controllers }) => type === 'cgroup' && controllers.includes(controller))
    if (!mount) return null
    // Inside a container the path may be one of the machine outside: then the mount itself is our place.
    const place = [join(mount.at, own.get(controller) ?? ''), mount.at].find((path) => isWritable(path))
    return place === undefined ? null : join(place, owner)
  }
  const [memory, pids, cpu] = [folderOf('memory'), folderOf('pids'), folderOf('cpu')]
  if (!memory || !pids) return null
  const trees = [memory, pids, ...(cpu ? [cpu] : [])]
  return {
    open: (run, limits) => open({ memory, pids, cpu }, run, limits),
    sweep: () => { for (const folder of trees.flatMap(leftOver)) void folder.remove() },
  }
}

interface Trees { readonly memory: string; readonly pids: string; readonly cpu: string | null }

function open(trees: Trees, run: string, { memoryBytes, processes, cpus }: LaunchLimits): Group | null {
  const made: GroupFolder[] = []
  const make = (tree: string): GroupFolder => {
    const folder = new GroupFolder(join(tree, run))
    fs.mkdirSync(folder.path, { recursive: true })
    made.push(folder)
    return folder
  }
  try {
    const [memory, pids] = [make(trees.memory), make(trees.pids)]
    if (memoryBytes !== null) {
      memory.set('memory.limit_in_bytes', memoryBytes)
      // Without it the kernel would swap what is over the limit; absent where swap is not counted.
      if (memory.has('memory.memsw.limit_in_bytes')) memory.set('memory.memsw.limit_in_bytes', memoryBytes)
    }
    if (processes !== null) pids.set('pids.max', processes)
    if (cpus !== null && trees.cpu) {
      const cpu = make(trees.cpu)
      cpu.set('cpu.cfs_period_us', CPU_PERIOD_US)
      cpu.set('cpu.cfs_quota_us', Math.max(1000, Math.round(cpus * CPU_PERIOD_US)))
    }
    return {
      join: (pid) => { for (const folder of made) folder.set('cgroup.procs', pid) },
      breach: () => {
        if (memoryBytes !== null && memory.count('memory.oom_control', 'oom_kill') > 0) return { limit: 'memory', allowed: memoryBytes, amount: Number(memory.get('memory.max_usage_in_bytes')) || memoryBytes }
        if (processes !== null && pids.count('pids.events', 'max') > 0) return { limit: 'processes', allowed: processes, amount: processes }
        return null
      },
      close: async () => { await Promise.all(made.map((folder) => folder.remove())) },
    }
  } catch {
    // Another administrator's rules: the watchdog takes over, and the walls say what is held.
    for (const folder of made) void folder.remove()
    return null
  }
}

function isWritable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.W_OK)
    fs.accessSync(join(path, 'cgroup.procs'), fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}
