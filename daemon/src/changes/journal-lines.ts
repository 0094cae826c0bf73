/** The lines of a journal: what each holds, and the plan in them. journal.ts says in which order they come and what they mean. */
import type { Bytes } from '@nexus/protocol/bytes'
import type { Signature } from '@nexus/protocol/changes'
import { pathOf, wireOf } from './byte-path.ts'
import type { Folder, How, Step } from './plan.ts'

export type Mark = 'planned' | 'staged' | 'undoing' | 'done' | 'undone' | 'settled'

export const VERSION = 1

export interface Header {
  readonly journal: 'nexus'
  readonly version: number
  readonly run: string
  readonly direction: 'apply' | 'rollback'
  readonly project: string
  readonly stage: string
  readonly backups: string
  readonly digest: string
  readonly at: number
  readonly undoes: readonly string[]
}

interface StepLine {
  readonly path: Bytes
  readonly before: Signature | null
  readonly after: Signature | null
  readonly how: How
  readonly attributes?: true
  readonly twin?: number
  readonly inode?: string
  readonly entries?: string
}

interface FolderLine {
  readonly path: Bytes
  readonly before: { readonly mode: number; readonly mtimeNs: string }
  readonly after: { readonly mode: number; readonly mtimeNs: string }
}

export type Line = Header | { readonly paths: readonly Bytes[] } | { readonly step: StepLine } | { readonly folder: FolderLine } | { readonly mark: Mark; readonly at: number }

export function parseLine(text: string): Line[] {
  try {
    const parsed: unknown = JSON.parse(text)
    // Written by ourselves, line by line; the header's version says which fields to expect.
    return typeof parsed === 'object' && parsed !== null ? [parsed as Line] : []
  } catch {
    // Empty, or cut off by a crash: what was not written whole was not decided.
    return []
  }
}

export function stepLine({ path, attributes, ...step }: Step): StepLine {
  return { path: wireOf(path), ...step, ...(attributes ? { attributes: true as const } : {}) }
}

export function stepOf({ path, attributes, ...step }: StepLine): Step {
  return { path: pathOf(path), ...step, attributes: attributes === true }
}

export function folderLine({ path, before, after }: Folder): FolderLine {
  return { path: wireOf(path), before: { ...before, mtimeNs: before.mtimeNs.toString() }, after: { ...after, mtimeNs: after.mtimeNs.toString() } }
}

export function folderOf({ path, before, after }: FolderLine): Folder {
  return { path: pathOf(path), before: { ...before, mtimeNs: BigInt(before.mtimeNs) }, after: { ...after, mtimeNs: BigInt(after.mtimeNs) } }
}
