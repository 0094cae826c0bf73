/** The modes and times of the directories that a plan leaves. */
import type { Signature } from '@nexus/protocol/changes'
import type { Meta } from '../base/files.ts'
import { depthOf, type BytePath } from './byte-path.ts'
import type { Folder, Step } from './plan.ts'

/** What each directory that stands at the end is given, deepest first, so that a parent may be closed after its children. */
export function folderMetas(steps: readonly Step[], folders: readonly Folder[], metaOf: (signature: Signature) => Meta): Map<BytePath, Meta> {
  const metas = new Map<BytePath, Meta>()
  for (const { path, after } of folders) metas.set(path, after)
  for (const { path, how, after } of steps) {
    if (after?.type !== 'directory') continue
    const { mtimeNs, ...meta } = metaOf(after)
    const changed = metas.get(path)?.mtimeNs ?? (how === 'meta' ? undefined : mtimeNs)
    metas.set(path, { ...meta, ...(changed === undefined ? {} : { mtimeNs: changed }) })
  }
  return new Map([...metas].sort(([a], [b]) => depthOf(b) - depthOf(a)))
}
