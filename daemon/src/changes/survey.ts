/** The change set of a layer: walk, compare, name renames, flag, sort, digest. */
import type { Change, ChangeFlag, ChangeKind, Signature } from '@nexus/protocol/changes'
import type { Files } from '../base/files.ts'
import { isOfBareRepository, mayBeOfBareRepository } from './bare-repository.ts'
import type { Breath } from './breath.ts'
import { comparePaths, wireOf, type BytePath } from './byte-path.ts'
import type { ChangeSet, Ground } from './changes.ts'
import { Contents, type Content } from './contents.ts'
import { digestOf } from './digest.ts'
import { flagsOf } from './flags.ts'
import { withoutLoneIndex } from './git.ts'
import { haveScriptsChanged } from './manifest-scripts.ts'
import { nameRenames } from './renames.ts'
import { isSpecial } from './seen.ts'
import { sawStart, type Difference, type View } from './view.ts'

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
  const contents = new Contents(parts.files, parts.view, parts.breath)
  const differences = await parts.view.differences(contents)
  await contents.settled()
  await contents.askAttributes(differences.flatMap(({ before, after }) => (after ? [before ?? [], after].flat() : [])))
  const drafts = await describeAll(parts, differences, contents)
  const named = withoutLoneIndex(nameRenames(drafts)).map(unlinked).sort((a, b) => comparePaths(a.path, b.path))
  const changes = named.map(changeOf)
  return { changes, digest: digestOf(changes) }
}

/** Deleting one name of a hard-linked file leaves the others as they are; moving or changing it breaks the link. */
export function unlinked(draft: Draft): Draft {
  return draft.kind === 'deleted' && draft.flags.has('hardlink') ? { ...draft, flags: new Set([...draft.flags].filter((flag) => flag !== 'hardlink')) } : draft
}

export function changeOf({ path, from, kind, before, after, flags }: Draft): Change {
  return {
    path: wireOf(path), kind, ...(from === undefined ? {} : { from: wireOf(from) }),
    ...(before ? { before } : {}), ...(after ? { after } : {}), flags: [...flags].sort(comparePaths),
  }
}

async function describeAll(parts: SurveyParts, differences: readonly Difference[], contents: Contents): Promise<Draft[]> {
  const drafts: Draft[] = []
  for (const difference of differences) {
    const { before, after } = difference
    const otherAttributes = after !== null && (before ? contents.attributesOf(before) : '') !== contents.attributesOf(after)
    // One after the other: the failure of one that nobody waits for yet would end the daemon.
    const content = before && contents.of(before)
    const was = content instanceof Promise ? await content : content
    const other = after && contents.of(after)
    const is = other instanceof Promise ? await other : other
    const draft = draftOf(parts, difference, was, is, otherAttributes)
    if (draft) drafts.push(after && mayBeOfBareRepository(difference.path) && (await isOfBareRepository(difference.path, parts.view)) ? { ...draft, flags: new Set([...draft.flags, 'auto-exec']) } : draft)
    if (parts.breath.isDue) await parts.breath.take()
  }
  return drafts
}

function draftOf(parts: SurveyParts, difference: Difference, before: Content | null, after: Content | null, otherAttributes: boolean): Draft | null {
  const kind = kindOf(before?.signature, after?.signature, { otherAttributes, owners: parts.isRoot, otherDevice: after !== null && isSpecial(after.signature.type) && difference.before?.seen.rdev !== difference.after?.seen.rdev })
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
export function kindOf(before: Signature | undefined, after: Signature | undefined, { otherAttributes, owners, otherDevice }: Judgement): ChangeKind | null {
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
