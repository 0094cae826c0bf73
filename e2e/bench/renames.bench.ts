// What it costs that renames are watched where a user's overlay renames no folder: at the start, per rename, per folder.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ground, nativeProgram, removePrograms, renamerProgram } from '../../daemon/src/sandbox/contract/ground.ts'
import { nativeLauncher } from '../../daemon/src/sandbox/launchers/native.ts'
import type { Launcher } from '../../daemon/src/sandbox/launchers/launcher.ts'
import { median, pairs, row } from './pairs.ts'

const STARTS = 100
const TIMES = 2000
const FILES = 1000

const program = nativeProgram()
if (program === undefined) {
  console.log('renames                                      left out: needs gcc: apt-get install gcc libc6-dev')
  process.exit()
}
const watched = nativeLauncher(program)
const plain: Launcher = { ...watched, launch: (scene, order, around) => watched.launch(scene, order, { ...around, without: ['folder-renames'] }) }
await using one = await stage(plain)
await using other = await stage(watched)

console.log(row('start, unwatched > watched', await pairs(STARTS, () => started(one), () => started(other))))
await figure('a file', 'file moved')
await figure('a new, empty folder', 'folder pushed', 'mkdir folder')

const copied = await pairs(5, async () => {
  const { stdout } = await one.run(['/bin/sh', '-c', 's=$(date +%s%N); cp -a many more && rm -r many && echo $((($(date +%s%N) - s)))'])
  return Number(stdout) / 1e6
}, async () => {
  const { stdout } = await other.run([join(other.project, 'renamer'), 'time many more 1'])
  return Number(stdout.split(' ')[0]) / 1e6
})
console.log(row(`a folder of ${FILES} files, cp -a and rm > renamed`, copied))
removePrograms()

async function stage(launcher: Launcher): Promise<Ground> {
  const ground = new Ground({ launcher, backend: 'overlay', xattrs: 'user' })
  copyFileSync(renamerProgram() ?? '', join(ground.project, 'renamer'))
  writeFileSync(join(ground.project, 'file'), 'file')
  mkdirSync(join(ground.project, 'many'))
  for (let at = 0; at < FILES; at++) writeFileSync(join(ground.project, 'many', `${at}`), `${at}\n`.repeat(200))
  execFileSync('sync')
  return ground
}

async function started(ground: Ground): Promise<number> {
  const layer = await ground.layer()
  const startedAt = performance.now()
  await ground.launch(layer, ['/bin/true']).ended
  return performance.now() - startedAt
}

async function figure(name: string, names: string, ...before: string[]): Promise<void> {
  const took = async (ground: Ground) => {
    const { stdout } = await ground.run([join(ground.project, 'renamer'), ...before, `time ${names} ${TIMES}`])
    return Number(/(\d+) 0\n$/.exec(stdout)?.[1]) / 1e6
  }
  const { base, other: later } = { base: [] as number[], other: [] as number[] }
  for (let round = 0; round < 5; round++) {
    base.push(await took(one))
    later.push(await took(other))
  }
  const [a, b] = [median(base), median(later)]
  console.log(`${`rename of ${name}`.padEnd(44)} ${(b * 1000).toFixed(1).padStart(8)} us  base ${(a * 1000).toFixed(1).padStart(7)} us  x ${(b / a).toFixed(2).padStart(5)}`)
}
