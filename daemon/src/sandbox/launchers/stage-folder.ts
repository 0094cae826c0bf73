/** What util-linux needs on disk before it can mount: places to mount on, the fstab, a minimal /dev. */
import { copyFileSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isInside } from '../../base/project.ts'
import type { Scene } from '../scene.ts'
import { DEVICES, fstabsOf, silentIn } from './fstab.ts'

export function prepareStage(scene: Scene): void {
  const stage = join(scene.folder, 'stage')
  // From an earlier command in the same layer; nothing is mounted here on the host.
  rmSync(stage, { recursive: true, force: true })
  const lowers = scene.ground.backend === 'overlay' ? [...scene.ground.parents, scene.project] : []
  for (const name of ['root', 'self', 'dev/pts', 'dev/shm', 'run/lock', 'empty-folder', ...lowers.map((_, at) => `lower${at}`), ...silentIn(scene).flatMap((_, at) => [`silent${at}`, `quiet${at}`])]) mkdirSync(join(stage, name), { recursive: true })
  for (const name of DEVICES) writeFileSync(join(stage, 'dev', name), '')
  const links = { fd: '/proc/self/fd', stdin: '/proc/self/fd/0', stdout: '/proc/self/fd/1', stderr: '/proc/self/fd/2', ptmx: 'pts/ptmx' }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(stage, 'dev', name))
  writeFileSync(join(stage, 'empty-file'), '', { mode: 0o400 })
  writeFileSync(join(stage, 'blank-file'), '', { mode: 0o444 })
  keepResolver(join(stage, 'run'))
  const { silent, fstab, targets } = fstabsOf(scene)
  writeFileSync(join(stage, 'fstab-silent'), silent)
  writeFileSync(join(stage, 'fstab'), fstab)
  writeFileSync(join(stage, 'silent'), `${targets.join('\n')}\n`)
}

/** Name lookup often reads a file below /run, which is private inside. */
function keepResolver(run: string): void {
  try {
    const file = realpathSync('/etc/resolv.conf')
    if (!isInside(file, '/run')) return
    const copy = join(run, file.slice('/run'.length))
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(file, copy)
  } catch {
    // No resolver configuration, or a dangling link: name lookup does not work outside either.
  }
}
