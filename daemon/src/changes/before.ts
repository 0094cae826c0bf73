/**
 * What a run saw: the old contents of files that it changed or deleted. The host may be edited any time after the run,
 * and a three-way merge needs what both sides began with. A pack is one file: a line of JSON, then content after content.
 */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import type { Change } from '@nexus/protocol/changes'
import type { Breath } from './breath.ts'
import { pathOf } from './byte-path.ts'
import { isIndexPath } from './git-index.ts'
import { codeOf } from './code-of.ts'
import { isBinary, readSmall, TEXT_MAX_BYTES } from './texts.ts'
import type { View } from './view.ts'

/** Of one run together. More is left out: a merge is for people, and nobody merges a thousand large files. */
const PACK_MAX_BYTES = 16 * 1024 * 1024

interface Packed {
  readonly sha256: string
  readonly size: number
}

/**
 * Texts only, never dependencies or git's own files but its index (git-index.ts). Contents that a sealed layer holds need no copy.
 * What is no longer as the seal saw it is left out: then its content is not known, and a merge says so.
 */
export async function packBefore(view: View, changes: readonly Change[], breath: Breath): Promise<Buffer> {
  const packed = new Map<string, Buffer>()
  let total = 0
  for (const { path, from, before, after, flags } of changes) {
    const sha256 = before?.sha256
    if (sha256 === undefined || sha256 === after?.sha256 || before === undefined || before.size > TEXT_MAX_BYTES || total + before.size > PACK_MAX_BYTES) continue
    const key = pathOf(from ?? path)
    if (packed.has(sha256) || flags.includes('base-moved') || isTedious(key)) continue
    const found = await view.before(key)
    if (!found || found.seen.type !== 'file' || found.layer < view.layers - 1) continue
    const content = readSmall(found.real, false, TEXT_MAX_BYTES)
    if (content === null || (isBinary(content) && !isIndexPath(key)) || hash('sha256', content, 'hex') !== sha256) continue
    packed.set(sha256, content)
    total += content.length
    if (breath.isDue) await breath.take()
  }
  const index: Packed[] = [...packed].map(([sha256, { length }]) => ({ sha256, size: length }))
  return Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...packed.values()])
}

/** The content of that hash, checked; null when there is no such pack or nothing of it in the pack. */
export function unpack(file: string, sha256: string): Buffer | null {
  let bytes
  try {
    bytes = fs.readFileSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
  const end = bytes.indexOf(0x0a)
  // Written by ourselves, in one piece.
  const index = JSON.parse(bytes.toString('utf8', 0, end)) as Packed[]
  let at = end + 1
  for (const { sha256: name, size } of index) {
    const content = bytes.subarray(at, at + size)
    if (name === sha256) return hash('sha256', content, 'hex') === sha256 ? content : null
    at += size
  }
  return null
}

function isTedious(path: string): boolean {
  return path.split('/').some((name) => name === 'node_modules' || name === '.git') && !isIndexPath(path)
}
