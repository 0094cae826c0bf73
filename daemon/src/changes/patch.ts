/**
 * A change set as text: git's unified diff for what is text, one line for what is not. Bounded per file and as a whole,
 * and it says where it was cut.
 */
import { isUtf8 } from 'node:buffer'
import { structuredPatch } from 'diff'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change, Signature } from '@nexus/protocol/changes'
import type { Breath } from './breath.ts'
import { pathOf, type BytePath } from './byte-path.ts'
import { replacement } from './replacement.ts'
import { sameTarget } from './survey.ts'
import { contentOf, isBinary, type TextParts } from './texts.ts'
import type { View } from './view.ts'

export interface PatchParts extends TextParts {
  readonly view: View
  readonly breath: Breath
}

const PATCH_MAX_BYTES = 4 * 1024 * 1024
const FILE_MAX_BYTES = 512 * 1024
/** Two texts further apart than this are not compared line by line: the time grows with the square of it, and nobody else is served meanwhile. */
const EDITS_MAX = 2000
const CONTEXT_LINES = 3

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
  if (!hasBody(change)) return patchText(change, Buffer.alloc(0), Buffer.alloc(0))
  const was = pathOf(from ?? path)
  const old = contentOf(parts, was, await parts.view.before(was), before, FILE_MAX_BYTES)
  const now = contentOf(parts, pathOf(path), await parts.view.after(pathOf(path)), after, FILE_MAX_BYTES)
  return patchText(change, old, now)
}

/** One change as git would show it. Null: too large to show. */
export function patchText(change: Change, old: Buffer | 'unreadable' | null, now: Buffer | 'unreadable' | null): string {
  const { path, from, before, after } = change
  const lines = [`diff --git ${quoted('a/', from ?? path)} ${quoted('b/', path)}`]
  if (!before && after) lines.push(`new file mode ${gitMode(after)}`)
  if (before && !after) lines.push(`deleted file mode ${gitMode(before)}`)
  if (before && after && gitMode(before) !== gitMode(after)) lines.push(`old mode ${gitMode(before)}`, `new mode ${gitMode(after)}`)
  if (from !== undefined) lines.push(`rename from ${quoted('', from)}`, `rename to ${quoted('', path)}`)
  lines.push(...notes(change))
  return `${lines.join('\n')}\n${hasBody(change) ? body(change, old, now) : ''}`
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

function hasBody({ kind, before, after }: Change): boolean {
  if (kind === 'meta' || !(hasText(before) || hasText(after))) return false
  return !(before && after && before.type === after.type && before.sha256 === after.sha256 && sameTarget(before, after))
}

function body({ path, from, before, after }: Change, old: Buffer | 'unreadable' | null, now: Buffer | 'unreadable' | null): string {
  if (old === null || now === null) return `Files differ, too large to show (${sizeText(before)} -> ${sizeText(after)})\n`
  if (old === 'unreadable' || now === 'unreadable') return 'Files differ, content not available\n'
  if (isBinary(old) || isBinary(now)) return `Binary files differ (${sizeText(before)} -> ${sizeText(after)})\n`
  const [was, is] = [shownText(old), shownText(now)]
  const hunks = structuredPatch('', '', was, is, undefined, undefined, { context: CONTEXT_LINES, maxEditLength: EDITS_MAX })?.hunks ?? [replacement(was, is, CONTEXT_LINES)]
  if (hunks.length === 0) return ''
  const names = [`--- ${before ? quoted('a/', from ?? path) : '/dev/null'}`, `+++ ${after ? quoted('b/', path) : '/dev/null'}`]
  return `${[...names, ...hunks.flatMap((hunk) => [`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`, ...hunk.lines])].join('\n')}\n`
}

/** Bytes that are no UTF-8 are shown as \xNN: as one sign for all of them a change from one to another would not be seen. */
function shownText(content: Buffer): string {
  if (isUtf8(content)) return content.toString('utf8')
  return content.toString('latin1').split('\n').map((line) => {
    const bytes = Buffer.from(line, 'latin1')
    return isUtf8(bytes) ? bytes.toString('utf8') : line.replace(/[\u0080-\u00FF]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
  }).join('\n')
}

function hasText(signature: Signature | undefined): boolean {
  return signature?.type === 'file' || signature?.type === 'symlink'
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
