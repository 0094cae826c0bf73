/** The change set of a layer: walk, compare, name renames, flag, sort, digest. */
import fs from 'node:fs'
import type { Change, ChangeFlag, ChangeKind, Signature } from '@nexus/protocol/changes'
import { FileError, type Files } from '../base/native-files.ts'
import type { Breath } from './breath.ts'
import { comparePaths, fsPath, wireOf, type BytePath } from './byte-path.ts'
import type { ChangeSet, Ground } from './changes.ts'
import { digestOf } from './digest.ts'
import { flagsOf } from './flags.ts'
import { withoutLoneIndex } from './git.ts'
import { haveScriptsChanged } from './package-scripts.ts'
import { nameRenames } from './renames.ts'
import { Hasher, isTooSparse, signatureOf } from './seen.ts'
import { sawStart, type Difference, type Found, type View } from './view.ts'

/** A change while its set is being put together. */
export interface Draft {
  readonly path: BytePath
  readonly from?: BytePath
  readonly kind: ChangeKind
  readonly before?: Signature
  readonly after?: Signature
  readonly flags: ReadonlySet<ChangeFlag>
  /** Where the two contents are: the same place means a file that was only moved. */
  readonly realBefore?: string
  readonly realAfter?: string
}

export interface SurveyParts {
  readonly ground: Ground
  readonly view: View
  readonly files: Files
  readonly breath: Breath
  /** Only then can an owner be kept or changed, so only then is another owner a change. */
  readonly isRoot: boolean
}

export async function survey(parts: SurveyParts): Promise<ChangeSet> {
  const differences = await parts.view.differences()
  const drafts = await describeAll(parts, differences)
  const named = withoutLoneIndex(nameRenames(drafts)).map(unlinked).sort((a, b) => comparePaths(a.path, b.path))
  const changes = named.map(changeOf)
  return { changes, digest: digestOf(changes) }
}

/** Deleting one name of a hard-linked file leaves the others as they are; moving or changing it breaks the link. */
function unlinked(draft: Draft): Draft {
  return draft.kind === 'deleted' && draft.flags.has('hardlink') ? { ...draft, flags: new Set([...draft.flags].filter((flag) => flag !== 'hardlink')) } : draft
}

function changeOf({ path, from, kind, before, after, flags }: Draft): Change {
  return {
    path: wireOf(path), kind, ...(from === undefined ? {} : { from: wireOf(from) }),
    ...(before ? { before } : {}), ...(after ? { after } : {}), flags: [...flags].sort(comparePaths),
  }
}

async function describeAll(parts: SurveyParts, differences: readonly Difference[]): Promise<Draft[]> {
  const contents = new Contents(parts.breath, parts.view.layers)
  await contents.ask(parts, differences)
  const otherAttributes = await attributesOf(parts, differences, contents)
  const seen = []
  for (const difference of differences) {
    const { before, after } = difference
    seen.push({ difference, before: before && (await contents.of(before)), after: after && (await contents.of(after)) })
    if (parts.breath.isDue) await parts.breath.take()
  }
  return seen.flatMap(({ difference, before, after }) => draftOf(parts, difference, before, after, otherAttributes.has(difference)) ?? [])
}

function draftOf(parts: SurveyParts, difference: Difference, before: Content | null, after: Content | null, otherAttributes: boolean): Draft | null {
  const kind = kindOf(before?.signature, after?.signature, { otherAttributes, owners: parts.isRoot, otherDevice: difference.before?.seen.rdev !== difference.after?.seen.rdev })
  if (!kind) return null
  const { path } = difference
  const flags = new Set<ChangeFlag>(flagsOf(path, parts.ground.project, kind, before?.signature, after?.signature))
  if (haveScriptsChanged(path, difference.before, difference.after)) flags.add('auto-exec')
  if (otherAttributes) flags.add('xattrs')
  if (before?.isUnreadable || after?.isUnreadable) flags.add('unreadable')
  const host = difference.before?.layer === parts.view.layers - 1 ? difference.before.seen : null
  if (host && host.ctimeNs >= sawStart(parts.ground)) flags.add('base-moved')
  if (host && host.type === 'file' && host.nlink > 1 && kind !== 'type') flags.add('hardlink')
  return {
    path, kind, flags, ...(before ? { before: before.signature, realBefore: difference.before?.real ?? '' } : {}),
    ...(after ? { after: after.signature, realAfter: difference.after?.real ?? '' } : {}),
  }
}

interface Judgement {
  readonly otherAttributes: boolean
  readonly owners: boolean
  readonly otherDevice: boolean
}

/** Null when nothing changed: a file opened for writing and left as it was, a directory whose entries changed. */
function kindOf(before: Signature | undefined, after: Signature | undefined, { otherAttributes, owners, otherDevice }: Judgement): ChangeKind | null {
  if (!before) return 'added'
  if (!after) return 'deleted'
  if (before.type !== after.type) return 'type'
  if (before.sha256 !== after.sha256 || before.size !== after.size || !sameTarget(before, after)) return 'modified'
  if (after.type !== 'file' && after.type !== 'directory' && after.type !== 'symlink' && otherDevice) return 'modified'
  const sameOwner = !owners || (before.uid === after.uid && before.gid === after.gid)
  const sameTime = after.type === 'directory' || before.mtimeNs === after.mtimeNs
  const sameMode = after.type === 'symlink' || before.mode === after.mode
  return sameOwner && sameTime && sameMode && !otherAttributes ? null : 'meta'
}

export function sameTarget(a: Signature, b: Signature): boolean {
  return a.linkTarget === b.linkTarget || JSON.stringify(a.linkTarget) === JSON.stringify(b.linkTarget)
}

interface Content {
  readonly signature: Signature
  readonly isUnreadable: boolean
}

const ASKED_MAX_BYTES = 1024n * 1024n

/** Reads each content once, also where a moved directory shows it at two paths. */
class Contents {
  readonly #hasher: Hasher
  readonly #projectLayer: number
  readonly #hashes = new Map<string, string | null>()
  /** By place; of what has been asked for. */
  readonly attributes = new Map<string, string>()

  constructor(breath: Breath, layers: number) {
    this.#hasher = new Hasher(breath)
    this.#projectLayer = layers - 1
  }

  /** The helper hashes small files many at a time; what it leaves is read when it is needed. */
  async ask({ files, view }: SurveyParts, differences: readonly Difference[]): Promise<void> {
    const wanted = differences.flatMap(({ before, after }) => [before ?? [], after ?? []].flat()).filter(({ seen }) => seen.type === 'file' && seen.size <= ASKED_MAX_BYTES)
    await Promise.all(view.roots.map(async (root, layer) => {
      const here = wanted.filter((found) => found.layer === layer)
      const hashes = await files.hashes(root, here.map(({ path }) => path))
      for (const [index, { real }] of here.entries()) {
        const hashed = hashes[index]
        if (!hashed) continue
        this.#hashes.set(real, hashed.sha256)
        this.attributes.set(real, hashed.attributes)
      }
    }))
  }

  async of(found: Found): Promise<Content> {
    switch (found.seen.type) {
      case 'file': {
        const sha256 = await this.#hash(found)
        return sha256 === null ? { signature: signatureOf(found.seen, {}), isUnreadable: true } : { signature: signatureOf(found.seen, { sha256 }), isUnreadable: false }
      }
      case 'symlink':
        return { signature: signatureOf(found.seen, { linkTarget: fs.readlinkSync(fsPath(found.real), 'latin1') }), isUnreadable: false }
      case 'directory':
        return { signature: signatureOf(found.seen, {}), isUnreadable: found.isClosed === true }
      case 'fifo': case 'socket': case 'character-device': case 'block-device':
        return { signature: signatureOf(found.seen, {}), isUnreadable: false }
    }
  }

  async #hash(found: Found): Promise<string | null> {
    const known = this.#hashes.get(found.real)
    if (known !== undefined) return known
    const sha256 = isTooSparse(found.seen) ? null : await this.#read(found)
    this.#hashes.set(found.real, sha256)
    return sha256
  }

  async #read(found: Found): Promise<string | null> {
    try {
      // The mode of a file in a layer is ours to lend; the mode of a file of the host is not.
      return await this.#hasher.sha256(found.real, found.layer < this.#projectLayer)
    } catch (error) {
      if (error instanceof FileError && ['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'ENOTDIR'].includes(error.code)) return null
      throw error
    }
  }
}

/** The differences whose extended attributes are others than before; empty where the helper is missing. */
async function attributesOf({ files, view }: SurveyParts, differences: readonly Difference[], contents: Contents): Promise<ReadonlySet<Difference>> {
  const others = new Set<Difference>()
  if (!files.exact.attributes) return others
  const { attributes } = contents
  const places = differences.flatMap(({ before, after }) => (after ? [before ?? [], after].flat() : []))
    .filter((found) => (found.seen.type === 'file' || found.seen.type === 'directory') && !attributes.has(found.real))
  await Promise.all(view.roots.map(async (root, layer) => {
    const here = places.filter((found) => found.layer === layer)
    const read = await files.attributes(root, here.map(({ path }) => path))
    for (const [index, { real }] of here.entries()) attributes.set(real, read[index] ?? '')
  }))
  for (const difference of differences) {
    const { before, after } = difference
    if (after && (before ? (attributes.get(before.real) ?? '') : '') !== (attributes.get(after.real) ?? '')) others.add(difference)
  }
  return others
}
