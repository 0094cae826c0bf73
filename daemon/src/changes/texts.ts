/** Contents of both sides of a change, wherever they are by now; always checked against the hash that was reviewed. */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import { fromBytes } from '@nexus/protocol/bytes'
import type { Signature } from '@nexus/protocol/changes'
import { fromText, type BytePath } from './byte-path.ts'
import { codeOf } from './code-of.ts'
import { openLent } from './node-files.ts'
import { Tree } from './tree.ts'
import type { Found } from './view.ts'

export interface TextParts {
  /** Where the project is, for contents that an apply has moved there. */
  readonly project: string
  /** A kept copy of a content, checked: what the run saw, or the pre-image of an apply. */
  readonly archive: (sha256: string) => Buffer | null
}

/** A merge reads files up to this size. */
export const TEXT_MAX_BYTES = 1024 * 1024

/** Null for what is too large. A link's content is its target; what is no file has none. */
export function contentOf(parts: TextParts, path: BytePath, found: Found | null, signature: Signature | undefined, maxBytes: number): Buffer | 'unreadable' | null {
  if (signature?.type === 'symlink') return fromBytes(signature.linkTarget ?? '')
  if (signature?.type !== 'file') return Buffer.alloc(0)
  if (signature.size > maxBytes) return null
  const { sha256 } = signature
  if (sha256 === undefined) return 'unreadable'
  // The host goes on, and an apply moves contents there: only content that still is what was reviewed is shown.
  const isWanted = (content: Buffer | null): content is Buffer => content !== null && hash('sha256', content, 'hex') === sha256
  const inView = found?.seen.type === 'file' ? readSmall(found.real, found.layer === 0, maxBytes) : null
  if (isWanted(inView)) return inView
  const onHost = readHost(parts.project, path, maxBytes)
  if (isWanted(onHost)) return onHost
  return parts.archive(sha256) ?? 'unreadable'
}

function readHost(project: string, path: BytePath, maxBytes: number): Buffer | null {
  using tree = new Tree()
  return readSmall(tree.at(fromText(project), path), false, maxBytes)
}

/** Null for what is no readable file; one byte more than allowed of what is too large. */
export function readSmall(real: string, lend: boolean, maxBytes: number): Buffer | null {
  let descriptor
  try {
    descriptor = openLent(real, lend)
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(codeOf(error))) return null
    throw error
  }
  try {
    const stat = fs.fstatSync(descriptor)
    if (!stat.isFile()) return null
    const content = Buffer.alloc(Math.min(stat.size, maxBytes) + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < content.length; length += got) got = fs.readSync(descriptor, content, length, content.length - length, null)
    return content.subarray(0, length)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** As git does: a NUL among the first bytes. */
export function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8000).includes(0)
}
