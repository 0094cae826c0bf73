// 10,000 runs of history beside 100: what lists, look-ups and the start cost, by the shipped daemon over its socket.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../nexus.ts'
import { Daemon } from './daemon.ts'
import { writeHistory, type History } from './history.ts'
import { bestOf, goal, pairs, row, type Pair } from './pairs.ts'

const SHORT = 100
const LONG = 10_000

const base = mkdtempSync(join(tmpdir(), 'nexus-history-'))
try {
  const project = join(base, 'project')
  mkdirSync(join(project, '.git'), { recursive: true })
  const [short, long] = [await written('short', SHORT, project), await written('long', LONG, project)]
  await starts(short, long)
  await using few = await Daemon.start(short.folder)
  await using many = await Daemon.start(long.folder)
  const questions: [string, (history: History) => [string, object]][] = [
    ['the newest 100 runs', () => ['runs.list', { cwd: project }]],
    ['the oldest 100 runs', ({ ids }) => ['runs.list', { cwd: project, before: ids[100] ?? ids.at(-1) }]],
    ['the newest 100 of every project', () => ['runs.list', { cwd: project, all: true }]],
    ['1,000 runs in one answer', () => ['runs.list', { cwd: project, limit: 1000 }]],
    ['one run by a prefix', ({ ids }) => ['runs.get', { run: ids[50]?.slice(0, 10), cwd: project }]],
    ['the last run', () => ['runs.get', { run: 'last', cwd: project }]],
    ['status', () => ['system.status', {}]],
    ['the first 100 events', () => ['events.list', { after: 0, limit: 100 }]],
    ['gc --dry-run', () => ['system.gc', { dryRun: true }]],
  ]
  for (const [words, ask] of questions) {
    const measure = () => pairs(words.startsWith('gc') ? 3 : 21, () => few.time(...ask(short)), () => many.time(...ask(long)))
    const isLookUp = !words.startsWith('gc')
    const pair = isLookUp ? await bestOf(measure, ({ other }) => other < 50) : await measure()
    console.log(row(words, pair, isLookUp ? goal('< 50 ms', pair.other < 50) : ''))
  }
} finally {
  removeTree(base)
}

async function written(name: string, count: number, project: string): Promise<History & { folder: string }> {
  const folder = join(base, name)
  const beganAt = performance.now()
  const history = await writeHistory(folder, project, count)
  console.log(`${count} runs written by the ledger in ${((performance.now() - beganAt) / 1000).toFixed(1)} s`)
  return { ...history, folder }
}

async function starts(short: { folder: string }, long: { folder: string }): Promise<void> {
  const start = async (folder: string) => {
    await using daemon = await Daemon.start(folder)
    return daemon.readyMs
  }
  // On a loaded machine even a short history takes longer than that: then the ratio says whether the history is the reason.
  const isQuick = ({ other, ratio }: Pair) => other < 500 || ratio < 1.25
  const pair = await bestOf(() => pairs(5, () => start(short.folder), () => start(long.folder)), isQuick)
  console.log(row(`ready, ${LONG} runs beside ${SHORT}`, pair, goal('< 500 ms, or < 1.25 x a short history', isQuick(pair))))
}
