/** One file that both the host and the run changed: can the two be joined, and into what? Reads, decides, writes nothing. */
import { hash } from 'node:crypto'
import type { Change, Signature } from '@nexus/protocol/changes'
import { mergedText, splitLines, threeWay, type Region } from './three-way.ts'

/** `content` is null where one of the two sides already is the merged content: `signature` tells which by its hash. */
export type Merge =
  | { readonly state: 'clean'; readonly signature: Signature; readonly content: Buffer | null }
  | { readonly state: 'overlaps'; readonly regions: readonly Region[] }
  | { readonly state: 'none'; readonly why: string }

export type Content = Buffer | 'unreadable' | null

export interface MergeParts {
  readonly change: Pick<Change, 'before' | 'after' | 'flags'>
  /** What the host has; undefined for nothing. */
  readonly found: Signature | undefined
  /** How many names the host's file has. */
  readonly nlink: number
  readonly isRoot: boolean
  readonly nowNs: bigint
  readonly contents: { readonly base: () => Content | Promise<Content>; readonly host: () => Content | Promise<Content>; readonly run: () => Content | Promise<Content> }
}

export async function mergeOf(parts: MergeParts): Promise<Merge> {
  const { change: { before, after }, found } = parts
  const why = obstacle(parts)
  if (why !== null || !before || !after || !found) return none(why ?? 'there is nothing to merge')
  const meta = metaOf(before, found, after, parts.isRoot)
  if (typeof meta === 'string') return none(meta)
  const joined = (sha256: string | undefined, size: number, mtimeNs: string): Signature => ({ type: 'file', size, mtimeNs, ...(sha256 === undefined ? {} : { sha256 }), ...meta })
  // The run changed no content, or the host has the run's already: the host's stays. The host changed none: the run's comes.
  if (after.sha256 === before.sha256 || found.sha256 === after.sha256) return { state: 'clean', signature: joined(found.sha256, found.size, found.mtimeNs), content: null }
  if (found.sha256 === before.sha256) return { state: 'clean', signature: joined(after.sha256, after.size, after.mtimeNs), content: null }

  const regions = await regionsOf(parts)
  if (typeof regions === 'string') return none(regions)
  const text = mergedText(regions)
  if (text === null) return { state: 'overlaps', regions }
  const content = Buffer.from(text, 'latin1')
  // A new time, so that whatever was built from either side is built again.
  return { state: 'clean', signature: joined(hash('sha256', content, 'hex'), content.length, parts.nowNs.toString()), content }
}

function none(why: string): Merge {
  return { state: 'none', why }
}

/** Why there are no lines to join; null when there are. */
function obstacle({ change: { before, after, flags }, found, nlink }: MergeParts): string | null {
  if (!after) return 'the run deleted it'
  if (!found) return 'the host has it no more'
  if (flags.includes('base-moved')) return 'what the run saw is not known: the file changed while the command ran'
  if (!before) return 'both made it: there is nothing that both began with'
  if (before.type !== 'file' || found.type !== 'file' || after.type !== 'file') return 'only files have lines'
  if (flags.includes('git-internal')) return 'the files of a repository belong together'
  if (flags.includes('unreadable')) return 'its content could not be read'
  if (flags.includes('xattrs')) return 'its extended attributes changed, too'
  if (nlink > 1) return `it has ${nlink} names (hard links)`
  return null
}

/** Each of mode and owner as the side has it that changed it; words when both changed it differently. */
function metaOf(before: Signature, found: Signature, after: Signature, isRoot: boolean): Pick<Signature, 'mode' | 'uid' | 'gid'> | string {
  const mode = pick(before.mode, found.mode, after.mode)
  if (mode === undefined) return 'both changed its mode'
  const uid = isRoot ? pick(before.uid, found.uid, after.uid) : found.uid
  const gid = isRoot ? pick(before.gid, found.gid, after.gid) : found.gid
  return uid === undefined || gid === undefined ? 'both changed its owner' : { mode, uid, gid }
}

function pick<Value>(before: Value, found: Value, after: Value): Value | undefined {
  if (found === before || found === after) return after
  return after === before ? found : undefined
}

async function regionsOf({ contents }: MergeParts): Promise<readonly Region[] | string> {
  const texts: string[][] = []
  for (const [name, read] of Object.entries(contents)) {
    const content = await read()
    if (content === null) return 'it is too large'
    if (content === 'unreadable') return name === 'base' ? 'what the run saw was not kept' : `${name === 'host' ? "the host's" : "the run's"} content cannot be read`
    if (content.includes(0)) return 'it is binary'
    texts.push(splitLines(content.toString('latin1')))
  }
  const [base = [], host = [], run = []] = texts
  return threeWay(base, host, run) ?? 'the texts are too different'
}
