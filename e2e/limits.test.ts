/** Limits: an accident inside a run ends that run, is named with its amount, and leaves nothing behind. */
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

const isRoot = process.getuid?.() === 0
const MIB = 1024 ** 2

describe.each([
  ['as this user', undefined],
  ['as another user', STRANGER],
] as const)('%s', (_, as) => {
  let nexus: Nexus
  beforeAll(() => { if (!as || isRoot) nexus = new Nexus(as ? { as } : {}) })
  afterAll(() => nexus?.[Symbol.asyncDispose]())

  const limited = async (limits: string, command: string): Promise<Run> => {
    const file = join(nexus.base, 'state/config.yaml')
    mkdirSync(join(nexus.base, 'state'), { recursive: true, mode: 0o700 })
    writeFileSync(file, `limits: { ${limits} }\n`)
    if (as) for (const path of [file, join(nexus.base, 'state')]) chownSync(path, as.uid, as.gid)
    return await nexus.run('--keep', command)
  }
  beforeEach(({ skip }) => { if (as && !isRoot) skip('needs root: to act as another user') })
  afterEach(async () => { if (nexus) await expect.poll(() => leftBehind(nexus), { timeout: 5000 }).toEqual([]) })

  test(proves('a leak', 'RUN-9'), async () => {
    const run = await limited('memory: 150MiB', 'python3 -c "x = []\nwhile True: x.append(bytearray(1 << 20))"')
    expect(run).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'memory', allowed: 150 * MIB } })
    expect(run.breach?.amount).toBeGreaterThan(100 * MIB)
  })

  test(proves('memory that is in no process: files below /dev/shm and without a name', 'RUN-9'), async () => {
    for (const hog of ['head -c 400M /dev/zero > /dev/shm/hog; sleep 60', 'exec python3 -c "import os, time\nfile = os.memfd_create(\'hog\')\nfor _ in range(400): os.write(file, bytes(1 << 20))\ntime.sleep(60)"']) {
      expect(await limited('memory: 150MiB', hog)).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'memory', allowed: 150 * MIB } })
    }
  })

  test(proves('a fork bomb', 'RUN-9'), async () => {
    const run = await limited('processes: 60', 'bomb() { bomb | bomb & }; bomb; sleep 60')
    expect(run).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'processes', allowed: 60 } })
  })

  test(proves('children that leave their parents count as well', 'RUN-9'), async () => {
    const run = await limited('processes: 40', 'for i in $(seq 200); do (setsid sleep 60 &) ; done; sleep 60')
    expect(run).toMatchObject({ endReason: 'limit', breach: { limit: 'processes' } })
  })

  test(proves('a disk hog, in the project or outside of it', 'RUN-9'), async () => {
    for (const place of ['hog', '/tmp/hog', '$HOME/hog']) {
      const run = await limited('disk: 40MiB', `yes > ${place}`)
      expect(run).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'disk', allowed: 40 * MIB } })
      expect(run.breach?.amount).toBeGreaterThan(40 * MIB)
      await nexus.call('discard', run.id)
    }
  })

  test(proves('more files than anybody needs, by one program or many, also without a byte in them', 'RUN-9'), async () => {
    for (const flood of ['python3 -c "import os\nfor n in range(10**9): os.close(os.open(str(n), os.O_CREAT))"', 'cd /tmp; python3 -c "import os\nwhile True: os.mkdir(\'deep\'); os.chdir(\'deep\')"']) {
      const run = await limited('files: 2000', flood)
      expect(run).toMatchObject({ status: 'failed', endReason: 'limit', breach: { limit: 'files', allowed: 2000 } })
      expect(run.breach?.amount).toBeGreaterThan(2000)
      await nexus.call('discard', run.id)
    }
  })

  test(proves('a run without end', 'RUN-9'), async () => {
    expect(await limited('time: 1s', 'sleep 60')).toMatchObject({ status: 'failed', endReason: 'timed-out', breach: { limit: 'time', allowed: 1000 } })
  })

  test('work below its limits notices nothing, and a limit met for a moment does not spoil a run that ends well', async () => {
    expect(await limited('memory: 2GiB, processes: 300, disk: 1GiB, cpus: 1', 'seq 50 | xargs -P 20 -n 1 sh -c "head -c 100000 /dev/zero > f\\$0"')).toMatchObject({ status: 'kept', exitCode: 0 })
    expect(await limited('processes: none, memory: none, disk: none', 'true')).toMatchObject({ status: 'unchanged' })
  })

  test('the walls say whether the kernel holds the limits or a watchdog looks', async () => {
    const wall = (await limited('processes: 300', 'true')).walls.find(({ name }) => name === 'cgroup')
    expect(wall).toMatchObject({ required: false })
    if (!wall?.up) expect(wall?.cause).toMatch(/watched, not held/)
  })
})

/** Control groups and processes of this Nexus' runs. */
function leftBehind(nexus: Nexus): string[] {
  // Where they are depends on where the daemon itself is in the tree of groups.
  const groups = spawnSync('find', ['/sys/fs/cgroup', '-path', '*/nexus-*/*', '-type', 'd'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
  const layers = join(nexus.base, 'state/layers')
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => read(`/proc/${pid}/mountinfo`).includes(layers))
  return [...groups.filter((path) => isOurs(path, nexus)), ...processes]
}

/** Other suites run at the same time: a group is ours when a run of ours has its name. */
function isOurs(path: string, nexus: Nexus): boolean {
  const run = path.split('/').at(-1)?.split('.')[0] ?? ''
  return existsSync(join(nexus.base, 'state/layers', run))
}

function read(path: string): string {
  try { return readFileSync(path, 'utf8') } catch { return '' } // it has just ended
}
