/**
 * The soak: many runs at once, of every kind and with every end, against one daemon. Afterwards nothing of them is left:
 * no process, mount, control group, descriptor, folder or megabyte, and no layer that the record does not know.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { needs } from './needs.ts'
import { Nexus, root, type Ended } from './nexus.ts'
import { proves } from './requirements.ts'

const RUNS = Number(process.env.NEXUS_RUNS ?? (isEndurance ? 2000 : 24))
const AT_ONCE = 8
/** Caches, pools and compiled code come with the first runs and stay. */
const WARM_UP = Math.ceil(RUNS / 5)

let nexus: Nexus
let lack: string | undefined
beforeAll(() => {
  needs((note) => { lack ??= note }, 'script')
  nexus = new Nexus()
  fs.mkdirSync(join(nexus.base, 'tmp'))
  nexus.env.TMPDIR = join(nexus.base, 'tmp')
})
afterAll(() => nexus[Symbol.asyncDispose]())

/** Each is one run (or more), from its order to its last decision. */
const LIVES: Readonly<Record<string, (life: Life) => Promise<void>>> = {
  async 'discarded by itself'(life) { await life.run('--discard', 'seq 2000 >a; mkdir -p d/e; ln -s a d/l') },
  async 'fails'(life) {
    const run = await life.run('--keep', 'echo half >a; exit 3')
    expect(run.exitCode).toBe(3)
    await life.call('discard', run.id)
  },
  async 'has nothing to decide'(life) { expect((await life.run('--keep', 'cat kept.txt')).status).toBe('unchanged') },
  async 'is kept, applied and taken back'(life) {
    const run = await life.run('--keep', `echo ${life.number} >made-${life.number}; echo more >>kept.txt`)
    await life.call('apply', run.id)
    expect(fs.existsSync(join(life.project, `made-${life.number}`))).toBe(true)
    await life.call('rollback', run.id)
    expect(fs.existsSync(join(life.project, `made-${life.number}`))).toBe(false)
  },
  async 'applies itself in part'(life) {
    const run = await life.run('--keep', `echo ${life.number} >one-${life.number}; echo ${life.number} >two-${life.number}`)
    await life.call('apply', run.id, `one-${life.number}`)
    await life.call('rollback', run.id)
  },
  async 'is killed by name'(life) {
    const started = life.start('run', '--keep', '--', 'sh', '-c', `sleep 4711 & setsid sleep 4711 & echo ${life.number} >a; wait`)
    const id = await life.running()
    if (id) await life.call('kill', id)
    await started.ended
    if (id) await life.call('discard', id)
  },
  async 'is reached at a port'(life) {
    const { run } = await life.json<{ run: Run }>('run', '--detach', '--publish', '0:80', '--', 'sleep', '4711')
    // Nobody listens inside: the connection is reset, and the quay has been there.
    await fetch(`http://127.0.0.1:${run.ports?.[0]?.host}/`).catch(() => undefined)
    await life.call('ports', run.id, '0:81')
    await life.call('kill', run.id)
    await life.call('discard', run.id)
  },
  async 'loses its client'(life) {
    const started = life.start('run', '--discard', '--', 'sh', '-c', 'sleep 1; echo late >a')
    const id = await life.running()
    started.child.kill('SIGKILL')
    await started.ended
    // It goes on without its client; the next life in this project must not take it for its own.
    if (id) await life.over(id)
  },
  async 'runs out of time'(life) {
    const run = await life.run('--keep', '--timeout', '200ms', 'sleep 4711 & trap "" TERM; while :; do sleep 1; done')
    expect(run.endReason).toBe('timed-out')
    await life.call('discard', run.id)
  },
  async 'prints megabytes'(life) {
    const run = await life.run('--discard', 'seq 400000; seq 100000 >&2')
    expect(run.truncated.stdout).toBeGreaterThan(0)
  },
  async 'is done again'(life) {
    const first = await life.run('--keep', `echo 1 >again-${life.number}`)
    const { run } = await life.json<{ run: Run }>('rerun', first.id)
    for (const id of [first.id, run.id]) await life.call('discard', id)
  },
  async 'is entered by a shell'(life) {
    const run = await life.run('--keep', 'echo 1 >a')
    await life.shell(run.id, 'echo 2 >b; exit\n')
    expect((await life.json<{ run: Run }>('show', run.id)).run.changes.map(({ path }) => path)).toEqual(['a', 'b'])
    await life.call('discard', run.id)
  },
  async 'leaves demons and odd files'(life) { await life.run('--discard', 'for n in 1 2 3; do (setsid sleep 4711 &) ; done; mkfifo p; mkdir -m 000 shut; mknod s p; : >"$(printf "a\\nb")"; chmod 4755 kept.txt') },
}

test(proves(`${RUNS} runs, ${AT_ONCE} at once, leave nothing behind`, 'RUN-1', 'SYS-1'), async ({ skip }) => {
  if (lack !== undefined) return skip(lack)
  const dice = new Dice(seed)
  const kinds = Object.keys(LIVES)
  // Every kind at least once, the rest by chance.
  const order = Array.from({ length: RUNS }, (_, number) => kinds[number < kinds.length ? number : dice.below(kinds.length)] ?? '')
  const counts: Record<string, number> = {}
  let next = 0
  let warm: Footprint | undefined
  const failures: Error[] = []
  const worker = async (place: number) => {
    const project = join(nexus.base, `project-${place}`)
    fs.mkdirSync(join(project, '.git'), { recursive: true })
    fs.writeFileSync(join(project, 'kept.txt'), 'kept\n')
    for (let number = next++; number < order.length && failures.length === 0; number = next++) {
      const kind = order[number] ?? ''
      try {
        await LIVES[kind]?.(new Life(project, number))
      } catch (error) {
        // The others come to their end first: a client that is left would start the daemon again.
        failures.push(new Error(`run ${number}, which ${kind} (seed ${seed})`, { cause: error }))
      }
      counts[kind] = (counts[kind] ?? 0) + 1
      if (number === WARM_UP) warm = await Footprint.of(await nexus.pid())
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, place) => worker(place)))
  if (failures[0]) throw failures[0]

  const pid = await nexus.pid()
  await quiet(pid)
  const end = await Footprint.of(pid)
  console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed}): ${RUNS} runs; descriptors ${warm?.descriptors} -> ${end.descriptors}, memory ${warm?.megabytes} -> ${end.megabytes} MB; ${Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(', ')}`)

  expect(leftProcesses(), 'processes').toEqual([])
  expect(mountsOf(pid), 'mounts').toEqual([])
  expect(groups(), 'control groups').toEqual([])
  expect(Array.from({ length: AT_ONCE }, (_, place) => fs.readdirSync(join(nexus.base, `project-${place}`)).sort()), 'projects').toEqual(Array.from({ length: AT_ONCE }, () => ['.git', 'kept.txt']))
  expect(Array.from({ length: AT_ONCE }, (_, place) => fs.readFileSync(join(nexus.base, `project-${place}`, 'kept.txt'), 'utf8'))).toEqual(Array.from({ length: AT_ONCE }, () => 'kept\n'))
  expect(fs.readdirSync(join(nexus.base, 'tmp')), 'temporary files').toEqual([])
  expect(end.children, 'children of the daemon').toEqual(end.children.filter((name) => name === 'nexus-native files'))
  // A connection that is just closing, a file of the database that is just written.
  expect(end.descriptors - (warm?.descriptors ?? 0), 'descriptors').toBeLessThanOrEqual(4)
  // The record is the daemon's alone as long as it lives.
  await nexus.call('daemon', 'stop')
  expect(layers(), 'layers').toEqual(knownLayers())
  expect(end.megabytes, 'memory').toBeLessThan((warm?.megabytes ?? 0) * 1.5 + 40)
}, isEndurance ? 6 * 3600_000 : 900_000)

class Life {
  readonly project: string
  readonly number: number

  constructor(project: string, number: number) {
    this.project = project
    this.number = number
  }

  start(...words: string[]): ReturnType<Nexus['start']> {
    return nexus.start(words, { cwd: this.project })
  }

  async run(...words: string[]): Promise<Run> {
    return (await this.json<{ run: Run }>('run', ...words)).run
  }

  /** The answer, whatever the exit code; a run that fails is still a run. */
  async json<Shape>(command: string, ...words: string[]): Promise<Shape> {
    const ended = await this.start(command, '--json', ...words).ended
    try {
      const answer = JSON.parse(ended.stdout) as Shape & { error?: unknown }
      if (answer.error === undefined) return answer
    } catch {
      // Told below, with everything it said.
    }
    throw new Error(`nexus ${command} ${words.join(' ')}: ${JSON.stringify(ended)}`)
  }

  async call(...words: string[]): Promise<Ended> {
    const ended = await this.start(...words).ended
    if (ended.code !== 0) throw new Error(`nexus ${words.join(' ')}: ${JSON.stringify(ended)}`)
    return ended
  }

  /** The run of this project that is running now; undefined when it has ended already. */
  async running(): Promise<string | undefined> {
    for (let waited = 0; waited < 200; waited += 1) {
      const { runs } = await this.json<{ runs: Run[] }>('runs', '--limit', '3')
      const [newest] = runs
      if (newest?.status === 'running') return newest.id
      await sleep(50)
    }
    return undefined
  }

  async over(id: string): Promise<void> {
    while ((await this.json<{ run: Run }>('show', id)).run.status === 'running') await sleep(50)
  }

  /** Types into `nexus shell`, on a terminal of its own. */
  async shell(id: string, keys: string): Promise<void> {
    const child = spawn('script', ['-qec', `'${join(root, 'nexus')}' shell ${id}`, '/dev/null'], { cwd: this.project, env: nexus.env, stdio: ['pipe', 'pipe', 'ignore'] })
    let isTyped = false
    child.stdout?.on('data', () => {
      // Its first words are the prompt's, or come right before it.
      if (!isTyped) setTimeout(() => child.stdin?.write(keys), 500)
      isTyped = true
    })
    await new Promise((resolve) => { child.once('close', resolve) })
  }
}

class Footprint {
  readonly descriptors: number
  readonly megabytes: number
  readonly children: readonly string[]

  private constructor(pid: number) {
    this.descriptors = fs.readdirSync(`/proc/${pid}/fd`).length
    this.megabytes = Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
    this.children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map((child) => {
      const [program = '', job = ''] = fs.readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0')
      return `${program.split('/').at(-1)} ${job}`.trim()
    })
  }

  static async of(pid: number): Promise<Footprint> {
    await sleep(100)
    return new Footprint(pid)
  }
}

/** What ended a moment ago is put away in the background. */
async function quiet(pid: number): Promise<void> {
  for (let waited = 0; waited < 300; waited += 1) {
    const { runs } = await nexus.json<{ runs: { running: number } }>('status')
    if (runs.running === 0 && leftProcesses().length === 0 && fs.existsSync(`/proc/${pid}`)) break
    await sleep(100)
  }
}

const state = () => join(nexus.base, 'state')

function layers(): string[] {
  return fs.existsSync(join(state(), 'layers')) ? fs.readdirSync(join(state(), 'layers')).sort() : []
}

/** By the record: decided runs let go of theirs, what was rolled back may be applied again. */
function knownLayers(): string[] {
  using database = new DatabaseSync(join(state(), 'nexus.db'), { readOnly: true })
  return database.prepare('select id from runs where layer is not null order by id').all().map(({ id }) => String(id))
}

function leftProcesses(): string[] {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${state()}/layers/`) || fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\x004711\0'
    } catch {
      return false // it has just ended
    }
  })
}

function mountsOf(pid: number): string[] {
  return ['self', pid].flatMap((who) => fs.readFileSync(`/proc/${who}/mountinfo`, 'utf8').split('\n').filter((line) => line.includes(nexus.base)))
}

function groups(): string[] {
  const own = `nexus-${createHash('sha256').update(state()).digest('hex').slice(0, 12)}`
  const found = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '8', '-type', 'd', '-path', `*/${own}/*`], { encoding: 'utf8' })
  return found.stdout.split('\n').filter(Boolean)
}
