/** Removes a layer. rm walks by descriptors, so trees deeper than a path may be long are no obstacle. */
import { Problem } from '@nexus/protocol/problem'
import { isInside } from '../base/project.ts'
import { findProgram, runProgram } from './programs.ts'

export async function discardLayer(folder: string, layers: string, path: string): Promise<void> {
  // A wrong folder here would be the worst bug of all.
  if (folder === layers || !isInside(folder, layers) || folder.includes('/../')) throw new Error(`not a layer: ${folder}`)
  const rm = program('rm', path)
  if ((await runProgram(rm, ['-rf', '--one-file-system', '--', folder])).exitCode === 0) return
  // overlayfs leaves `work` with mode 000, and commands leave read-only folders (Go's module cache).
  await runProgram(program('chmod', path), ['-R', 'u+rwX', '--', folder])
  const { exitCode, errorText } = await runProgram(rm, ['-rf', '--one-file-system', '--', folder])
  if (exitCode !== 0) throw new Problem('io', { what: `the layer ${folder} could not be removed`, cause: errorText, fix: 'remove it by hand' })
}

function program(name: string, path: string): string {
  const found = findProgram(name, path)
  if (!found) throw new Problem('io', { what: 'a layer could not be removed', cause: `there is no ${name}`, fix: 'install coreutils' })
  return found
}
