/** Real obstacles, nothing injected: a small disk that is full, files that nobody may change, a project that becomes read-only. */
import { spawnSync } from 'node:child_process'
import { expect, test, type TestContext } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'
import { SmallDisk } from './small-disk.ts'

/** The project, and the state where it says so, on a disk of some megabytes. */
async function onSmallDisk(skip: TestContext['skip'], withState: boolean): Promise<{ nexus: Nexus; disk: SmallDisk } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const nexus = new Nexus()
  const disk = await SmallDisk.at(withState ? nexus.base : nexus.project, 64)
  if (disk) opened.use(disk)
  opened.use(nexus)
  if (!disk) return skip('needs a mount namespace of its own')
  if (withState) disk.shell('mkdir -p project/.git home')
  nexus.through = disk.through(nexus.project)
  const ending = opened.move()
  return { nexus, disk, [Symbol.asyncDispose]: () => ending.disposeAsync() }
}

const TREE = "find . -mindepth 1 -name filler.\\* -prune -o -path ./.nexus-stage-\\* -prune -o -path ./.git -prune -o -printf '%p %y %m %s %T@ %n ' -type f -exec sha256sum {} \\; -o -not -type f -printf '\\n' | sort"

test.for([['the project', false], ['the project and the state', true]] as const)(proves('%s on a full disk: an apply leaves all as it was, and works once there is space', 'RUN-5', 'PERF-8'), async ([, withState], { skip }) => {
  await using scene = await onSmallDisk(skip, withState)
  const { nexus, disk } = scene
  const project = withState ? 'cd project && ' : ''
  disk.shell(`${project}echo old >edited; mkdir gone; echo 1 >gone/one; echo 2 >gone/two`)
  const before = disk.shell(`${project}${TREE}`)
  const run = await nexus.run('--keep', 'echo new >>edited; rm -r gone; mkdir fresh; for i in $(seq 120); do head -c 100000 /dev/zero >fresh/$i; done')
  expect(run.status).toBe('kept')
  disk.fill()
  const refused = await nexus.call('apply', run.id)
  expect([refused.code, refused.stderr]).toEqual([125, expect.stringMatching(/full|ENOSPC/)])
  expect(disk.shell(`${project}${TREE}`)).toBe(before)
  expect((await nexus.json<{ run: Run }>('show', run.id)).run.status).toBe('kept')
  disk.empty()
  expect(await nexus.call('apply', run.id)).toMatchObject({ code: 0 })
  disk.fill()
  // Taking it back needs next to nothing, and is not refused.
  const back = await nexus.call('rollback', run.id)
  disk.empty()
  if (back.code !== 0) expect(await nexus.call('rollback', run.id)).toMatchObject({ code: 0 })
  expect(disk.shell(`${project}${TREE}`)).toBe(before)
})

test(proves('a file that nobody may change is a conflict, and nothing else is changed', 'RUN-5', 'PERF-8'), async ({ skip }) => {
  await using nexus = new Nexus()
  const shell = (line: string) => spawnSync('sh', ['-c', line], { cwd: nexus.project, encoding: 'utf8' })
  shell('echo old >edited; echo old >fixed; mkdir gone; echo 1 >gone/one')
  const before = shell(TREE).stdout
  const run = await nexus.run('--keep', 'echo new >edited; echo new >fixed; rm -r gone; echo new >added')
  if (shell('chattr +i fixed').status !== 0) return skip('needs root: and a file system with immutable files')
  try {
    const refused = await nexus.call('apply', run.id)
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('fixed')])
    expect(shell(TREE).stdout).toBe(before)
    shell('chattr -i fixed')
    expect(await nexus.call('apply', run.id)).toMatchObject({ code: 0 })
    expect(await nexus.call('rollback', run.id)).toMatchObject({ code: 0 })
    expect(shell(TREE).stdout).toBe(before)
  } finally {
    shell('chattr -i fixed')
  }
})

test(proves('a project that became read-only: 125 and the cause, and later it works', 'RUN-5', 'PERF-8'), async ({ skip }) => {
  await using scene = await onSmallDisk(skip, false)
  const { nexus, disk } = scene
  disk.shell('mkdir .git; echo old >edited')
  const run = await nexus.run('--keep', 'echo new >edited')
  disk.shell(`mount -o remount,ro ${nexus.project}`)
  const refused = await nexus.call('apply', run.id)
  expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('EROFS')])
  disk.shell(`mount -o remount,rw ${nexus.project}`)
  expect((await nexus.json<{ run: Run }>('show', run.id)).run.status).toBe('kept')
  expect(await nexus.call('apply', run.id)).toMatchObject({ code: 0 })
  expect(disk.shell('cat edited')).toBe('new\n')
})
