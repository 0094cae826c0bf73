import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cgroupV2 } from './cgroup-v2.ts'
import { hierarchies } from './cgroups.ts'

let top: string
beforeEach(() => { top = fs.mkdtempSync(join(tmpdir(), 'nexus-cgroup-')) })
afterEach(() => fs.rmSync(top, { recursive: true, force: true }))

/** Only what a real tree shows as files; the kernel's own behaviour is tried by the suites that really have groups. */
function group(path: string, knobs: Record<string, string>): void {
  fs.mkdirSync(join(top, path), { recursive: true })
  for (const [name, value] of Object.entries({ 'cgroup.procs': '', ...knobs })) fs.writeFileSync(join(top, path, name), value)
}

test('reads where the trees are and where the daemon is in each', () => {
  const found = hierarchies('nexus-1', 'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup2 /sys/fs/with\\040space cgroup2 rw 0 0\n', '4:cpu,cpuacct:/a\n0::/user.slice/x:y\n')
  expect(found.mounts).toEqual([{ at: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', controllers: ['rw', 'cpu', 'cpuacct'] }, { at: '/sys/fs/with space', type: 'cgroup2', controllers: ['rw'] }])
  expect([...found.own]).toEqual([['cpu', '/a'], ['cpuacct', '/a'], ['', '/user.slice/x:y']])
})

test('of the places above us the highest that is ours and can hand on memory and processes', () => {
  group('', {})
  group('user.slice', { 'cgroup.subtree_control': 'memory', 'cgroup.controllers': 'memory' })
  group('user.slice/mine', { 'cgroup.subtree_control': '', 'cgroup.controllers': 'cpu memory pids' })
  group('user.slice/mine/app', { 'cgroup.subtree_control': '', 'cgroup.controllers': '' })
  const parent = join(top, 'user.slice/mine/nexus-1')
  group('user.slice/mine/nexus-1', { 'cgroup.subtree_control': '', 'cgroup.controllers': 'cpu memory pids' })
  const cgroups = cgroupV2({ mounts: [{ at: top, type: 'cgroup2', controllers: [] }], own: new Map([['', '/user.slice/mine/app']]), owner: 'nexus-1' })
  const opened = cgroups?.open('r1', { memoryBytes: 1000, processes: 7, cpus: 1.5, diskBytes: null, files: null })
  opened?.join(42)
  const knob = (name: string) => fs.readFileSync(join(parent, 'r1', name), 'utf8')
  expect([knob('memory.max'), knob('pids.max'), knob('cgroup.procs')]).toEqual(['1000', '7', '42'])
  expect(fs.readFileSync(join(dirname(parent), 'cgroup.subtree_control'), 'utf8')).toBe('+cpu')
  expect(opened?.breach()).toBeNull()
  fs.writeFileSync(join(parent, 'r1/memory.events'), 'low 0\noom 3\noom_kill 1\n')
  fs.writeFileSync(join(parent, 'r1/memory.peak'), '999\n')
  expect(opened?.breach()).toEqual({ limit: 'memory', allowed: 1000, amount: 999 })
})

test('nothing that is ours: no groups', () => {
  group('', { 'cgroup.subtree_control': '', 'cgroup.controllers': 'cpu' })
  expect(cgroupV2({ mounts: [{ at: top, type: 'cgroup2', controllers: [] }], own: new Map(), owner: 'nexus-1' })).toBeNull()
  expect(cgroupV2({ mounts: [], own: new Map(), owner: 'nexus-1' })).toBeNull()
})
