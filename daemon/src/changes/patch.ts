/**
 * A change set as text: git's unified diff for what is text, one line for what is not. Bounded per file and as a whole,
 * and it says where it was cut.
 */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import { structuredPatch } from 'diff'
import { fromBytes, type Bytes } from '@nexus/protocol/bytes'
import type { Change, Signature } from '@nexus/protocol/changes'
import type { Breath } from './breath.ts'
import { fromText, pathOf, type BytePath } from './byte-path.ts'
import { codeOf, openLent } from './node-files.ts'
import { sameTarget } from './survey.ts'
import { Tree } from './tree.ts'
import type { Found, View } from './view.ts'

export interface PatchParts {
  readonly view: View
  readonly breath: Breath
  /** Where the project is, for contents that an apply has moved there. */
  readonly project: string
  /** A kept pre-image of a content, for an applied run whose old contents are gone from the project. */
  readonly archive: (sha256: string) => string | null
}

const PATCH_MAX_BYTES = 4 * 1024 * 1024
const FILE_MAX_BYTES = 512 * 1024
/** Two texts further apart than this are not compared line by line: it would take minutes. */
const EDITS_MAX = 20_000

export async function patch(parts: PatchParts, changes: readonly Change[], { maxBytes = PATCH_MAX_BYTES }: { maxBytes?: number }): Promise<string> {
  const texts: string[] = []
  let length = 0
  for (const [index, change] of changes.entries()) {
    const text = await describe(parts, change)
    const bytes = Buffer.byteLength(text)
    if (length + bytes > maxBytes) {
      const left = changes.length - index
      texts.push(`[the diff is cut here: ${left} more ${left === 1 ? 'change' : 'changes'}; name paths to see them]\n`)
      break
    }
    texts.push(text)
    length += bytes
    await parts.breath.take()
  }
  return texts.join('')
}

async function describe(parts: PatchParts, change: Change): Promise<string> {
  const { path, from, before, after } = change
  const lines = [`diff --git ${quoted('a/', from ?? path)} ${quoted('b/', path)}`]
  if (!before && after) lines.push(`new file mode ${gitMode(after)}`)
  if (before && !after) lines.push(`deleted file mode ${gitMode(before)}`)
  if (before && after && gitMode(before) !== gitMode(after)) lines.push(`old mode ${gitMode(before)}`, `new mode ${gitMode(after)}`)
  if (from !== undefined) lines.push(`rename from ${quoted('', from)}`, `rename to ${quoted('', path)}`)
  lines.push(...notes(change))
  return `${lines.join('\n')}\n${await body(parts, change)}`
}

/** What git has no words for. */
function notes({ kind, before, after, flags }: Change): string[] {
  const lines: string[] = []
  if (before && after && (before.uid !== after.uid || before.gid !== after.gid)) lines.push(`owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`)
  if (before && after && kind === 'meta' && before.mtimeNs !== after.mtimeNs) lines.push(`modification time ${timeText(before.mtimeNs)} -> ${timeText(after.mtimeNs)}`)
  if (flags.includes('xattrs')) lines.push('extended attributes differ')
  if (flags.includes('unreadable')) lines.push('content not readable')
  return lines
}

async function body(parts: PatchParts, change: Change): Promise<string> {
  const { path, from, before, after, kind } = change
  if (kind === 'meta' || !(hasText(before) || hasText(after))) return ''
  if (before && after && before.type === after.type && before.sha256 === after.sha256 && sameTarget(before, after)) return ''
  const { view } = parts
  const old = contentOf(parts, pathOf(from ?? path), await view.before(pathOf(from ?? path)), before)
  const now = contentOf(parts, pathOf(path), await view.after(pathOf(path)), after)
  if (old === null || now === null) return `Files differ, too large to show (${sizeText(before)} -> ${sizeText(after)})\n`
  if (old === 'unreadable' || now === 'unreadable') return 'Files differ, content not available\n'
  if (isBinary(old) || isBinary(now)) return `Binary files differ (${sizeText(before)} -> ${sizeText(after)})\n`
  const diff = structuredPatch('', '', old.toString('utf8'), now.toString('utf8'), undefined, undefined, { context: 3, maxEditLength: EDITS_MAX })
  if (!diff) return `Files differ in more lines than can be compared (${sizeText(before)} -> ${sizeText(after)})\n`
  if (diff.hunks.length === 0) return ''
  const names = [`--- ${before ? quoted('a/', from ?? path) : '/dev/null'}`, `+++ ${after ? quoted('b/', path) : '/dev/null'}`]
  return `${[...names, ...diff.hunks.flatMap((hunk) => [`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`, ...hunk.lines])].join('\n')}\n`
}

function hasText(signature: Signature | undefined): boolean {
  return signature?.type === 'file' || signature?.type === 'symlink'
}

/** Null for what is too large. A link's content is its target; a directory has none. */
function contentOf(parts: PatchParts, path: BytePath, found: Found | null, signature: Signature | undefined): Buffer | 'unreadable' | null {
  if (signature?.type === 'symlink') return fromBytes(signature.linkTarget ?? '')
  if (signature?.type !== 'file') return Buffer.alloc(0)
  if (signature.size > FILE_MAX_BYTES) return null
  const { sha256 } = signature
  if (sha256 === undefined) return 'unreadable'
  // Once a run was applied its old side is no longer in the project: only content that still is what was reviewed is shown.
  const isWanted = (content: Buffer | null): content is Buffer => content !== null && hash('sha256', content, 'hex') === sha256
  const inView = found?.seen.type === 'file' ? read(found.real, found.layer === 0) : null
  if (isWanted(inView)) return inView
  using tree = new Tree()
  const onHost = read(tree.at(fromText(parts.project), path), false)
  if (isWanted(onHost)) return onHost
  const archived = parts.archive(sha256)
  const kept = archived === null ? null : read(fromText(archived), false)
  return isWanted(kept) ? kept : 'unreadable'
}

function read(real: string, lend: boolean): Buffer | null {
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
    const content = Buffer.alloc(Math.min(stat.size, FILE_MAX_BYTES) + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < content.length; length += got) got = fs.readSync(descriptor, content, length, content.length - length, null)
    return content.subarray(0, length)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** As git does: a NUL among the first bytes. */
function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8000).includes(0)
}

/** A stretch of no lines is named by the line before it. */
function range(start: number, lines: number): string {
  return lines === 1 ? `${start}` : `${lines === 0 ? start - 1 : start},${lines}`
}

const GIT_TYPES: Readonly<Record<Signature['type'], string>> = {
  'file': '10', 'directory': '04', 'symlink': '12', 'fifo': '01', 'socket': '14', 'character-device': '02', 'block-device': '06',
}

function gitMode({ type, mode }: Signature): string {
  return GIT_TYPES[type] + (type === 'symlink' ? '0000' : mode)
}

function sizeText(signature: Signature | undefined): string {
  return signature?.type === 'file' ? `${signature.size} bytes` : 'nothing'
}

function timeText(mtimeNs: string): string {
  const ns = BigInt(mtimeNs)
  const date = new Date(Number(ns / 1_000_000n))
  return Number.isNaN(date.getTime()) ? mtimeNs : date.toISOString()
}

/** Names with quotes, controls or broken UTF-8 are written the way git writes them. */
function quoted(prefix: string, path: Bytes): string {
  const bytes: BytePath = pathOf(path)
  const isPlain = typeof path === 'string' && !/[\u0000-\u001f"\\\u007f]/.test(path)
  if (isPlain) return prefix + path
  const escaped = [...bytes].map((character) => {
    const code = character.charCodeAt(0)
    if (character === '"' || character === '\\') return `\\${character}`
    return code < 32 || code > 126 ? (NAMED_ESCAPES[character] ?? `\\${code.toString(8).padStart(3, '0')}`) : character
  })
  return `"${prefix}${escaped.join('')}"`
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }
