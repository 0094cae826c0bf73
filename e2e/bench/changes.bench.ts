// The change set (< 20 ms per 1,000 entries) and its apply, against the plainest program that reads or writes the same files.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { compileHelper, removeHelper } from '../../daemon/src/changes/compiled-helper.ts'
import { Lab } from '../changes/lab.ts'
import { bestOf, goal, median, pairs, row, type Pair } from './pairs.ts'

const helper = compileHelper()
process.once('exit', () => removeHelper(helper))

// 4 KB each, in folders of 50: added, or edited where there was something before.
const files = (count: number, text: string) => `python3 - <<'EOF'
import os
for i in range(${count}):
    d = 'd%d' % (i // 50)
    os.makedirs(d, exist_ok=True)
    open('%s/f%d' % (d, i), 'w').write(('${text} %d ' % i) * (4000 // len('${text} %d ' % i)))
EOF`

for (const count of [1000, 5000]) {
  for (const kind of ['added', 'edited'] as const) {
    await using lab = new Lab([], kind === 'edited' ? files(count, 'old') : 'true')
    const layer = lab.run({ shell: files(count, 'new') })
    for (const nativePath of helper === null ? [null] : [helper, null]) {
      const changes = await lab.changes(nativePath)
      const survey = async () => await timed(async () => { await changes.survey(layer.ground) })
      const plain = () => timed(async () => readAll(kind === 'edited' ? [layer.ground.upper, lab.project] : [layer.ground.upper]))
      const measure = async () => await pairs(count === 1000 ? 15 : 7, plain, survey)
      const isReached = ({ other }: { other: number }) => other / (count / 1000) < 20
      const pair = nativePath === null ? await measure() : await bestOf(measure, isReached)
      const name = `change set, ${count} ${kind}, ${nativePath === null ? 'Node alone' : 'helper'}`
      console.log(row(name, pair, nativePath === null ? '' : goal('< 20 ms per 1,000 entries', isReached(pair))))
      if (kind !== 'edited' || nativePath === null) continue
      const { changes: edited } = await changes.survey(layer.ground)
      const pack = () => timed(async () => { await changes.pack(layer.ground, edited) })
      console.log(row(`old contents kept for merges, ${count} ${kind}`, await pairs(7, () => timed(async () => readAll([lab.project])), pack), 'after the result is shown'))
    }
  }
}

// Old files that others deleted a moment ago make a file system slow to hand out new ones, for both sides alike.
for (const [count, rounds] of [[1000, 5], [20_000, 1]] as const) {
  await using lab = new Lab([], files(count, 'old'))
  const layer = lab.run({ shell: files(count, 'new') })
  const scratch = join(lab.folder, 'scratch')
  // Sealed once, as the product does it: an apply and its rollback leave the host newer than the run.
  const changeSet = await (await lab.changes(helper)).survey(layer.ground)
  for (const nativePath of helper === null || count > 1000 ? [helper] : [helper, null]) {
    const changes = await lab.changes(nativePath)
    const rolledBackMs: number[] = []
    let round = 0
    const apply = async (): Promise<number> => {
      const run = `${nativePath === null ? 'n' : 'h'}${round++}`
      const tookMs = await timed(async () => {
        const { conflicts } = await changes.apply({ run, ground: layer.ground, changeSet, selected: changeSet.changes, named: true })
        if (conflicts.length > 0) throw new Error(JSON.stringify(conflicts[0]))
      })
      rolledBackMs.push(await timed(async () => { await changes.rollback({ run, project: lab.project }) }))
      return tookMs
    }
    const measure = async () => await pairs(rounds, () => timed(async () => syncEach(layer.ground.upper, scratch)), apply)
    const isReached = ({ other, ratio }: Pair) => other < 500 * (count / 1000) && ratio < 1
    const pair = nativePath === null ? await measure() : await bestOf(measure, isReached)
    console.log(row(`apply ${count} edited, ${nativePath === null ? 'Node alone' : 'helper'}`, pair, nativePath === null ? '' : goal('durable < 500 ms per 1,000, and faster than an fsync each', isReached(pair))))
    const back = { ...pair, other: median(rolledBackMs), ratio: median(rolledBackMs) / pair.base, extra: median(rolledBackMs) - pair.base }
    console.log(row('  and its rollback', back))
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

/** The floor of any change set: look at each file and hash it. */
function readAll(folders: readonly string[]): void {
  for (const folder of folders) {
    for (const name of fs.readdirSync(folder)) {
      const path = join(folder, name)
      const stat = fs.lstatSync(path)
      if (stat.isDirectory()) readAll([path])
      else if (stat.isFile()) createHash('sha256').update(fs.readFileSync(path)).digest('hex')
    }
  }
}

/** The careful program without a plan: each file written beside, flushed, renamed. No pre-image, no journal. */
function syncEach(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true })
  for (const name of fs.readdirSync(from)) {
    const path = join(from, name)
    if (fs.lstatSync(path).isDirectory()) {
      syncEach(path, join(to, name))
      continue
    }
    const file = fs.openSync(join(to, `${name}.new`), 'w')
    fs.writeSync(file, fs.readFileSync(path))
    fs.fsyncSync(file)
    fs.closeSync(file)
    fs.renameSync(join(to, `${name}.new`), join(to, name))
  }
}
