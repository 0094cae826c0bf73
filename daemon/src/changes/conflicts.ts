/** Names why a path cannot be changed. */
import type { Conflict, Signature } from '@nexus/protocol/changes'
import { FileError } from '../base/files.ts'
import { wireOf, type BytePath } from './byte-path.ts'
import { codeOf } from './code-of.ts'
import { StepError } from './site.ts'

export type Reason = Conflict['reason']

export function conflict(path: BytePath, reason: Reason, more: { expected?: Signature | null | undefined; found?: Signature | null | undefined; detail?: string } = {}): Conflict {
  return {
    path: wireOf(path), reason, ...(more.expected ? { expected: more.expected } : {}), ...(more.found ? { found: more.found } : {}),
    ...(more.detail === undefined ? {} : { detail: more.detail }),
  }
}

const REASONS: Readonly<Record<string, Reason>> = {
  ESTALE: 'changed', EEXIST: 'appeared', ENOTEMPTY: 'not-empty', ENOENT: 'vanished', ELOOP: 'parent', ENOTDIR: 'parent', EXDEV: 'parent', EISDIR: 'changed',
}

/** What a failed step says about the host; `null` for what is no fault of the host (a full disk, a dead helper). */
export function conflictOf(error: unknown): Conflict | null {
  if (!(error instanceof StepError)) return null
  const code = error.cause instanceof FileError ? error.cause.code : codeOf(error.cause)
  const reason = REASONS[code]
  return reason ? conflict(error.path, reason, { detail: error.message }) : conflict(error.path, 'io', { detail: error.message })
}
