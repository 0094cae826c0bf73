/** The private home of a run: new, or the one its parent left; on disk, at the usual path. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gitconfigText, hostIdentity } from './gitconfig.ts'
import type { TreeCopy } from './tree-copy.ts'

export interface NewHome {
  readonly home: string
  readonly userHome: string
  /** The private home of the run below. */
  readonly parent: string | undefined
  readonly copy: (order: Pick<TreeCopy, 'from' | 'to' | 'isRough'>) => Promise<string | undefined>
}

/** What could not be taken over: a folder that the run below closed to itself must not be the end of every run above. */
export async function furnishHome({ home, userHome, parent, copy }: NewHome): Promise<string | undefined> {
  if (parent !== undefined) return copy({ from: parent, to: home, isRough: true })
  await mkdir(home, { mode: 0o700 })
  const text = gitconfigText(hostIdentity(userHome))
  if (text !== undefined) await writeFile(join(home, '.gitconfig'), text, { mode: 0o644, flag: 'wx' })
  return undefined
}

/** Is this regular file of a private home our own, unchanged? Then nobody needs to hear of it. */
export async function isFurniture(file: string, home: string, userHome: string): Promise<boolean> {
  if (file !== join(home, '.gitconfig')) return false
  return (await readFile(file, 'utf8').catch(() => undefined)) === gitconfigText(hostIdentity(userHome))
}
