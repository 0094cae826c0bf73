/** Conflicts as a person sees them, and a change set in which they are settled: to be looked at, then applied by its digest. */
import fs from 'node:fs'
import { join } from 'node:path'
import type { Change, OpenConflict, Resolved, Signature } from '@nexus/protocol/changes'
import type { Bytes } from '@nexus/protocol/bytes'
import { comparePaths, fromText, pathOf, type BytePath } from './byte-path.ts'
import type { MergeOrder, Proposal } from './changes.ts'
import { choicesOf, type Blocked } from './choices.ts'
import { mergedDigestOf } from './digest.ts'
import { Host } from './host.ts'
import { mergeOf, type Content, type Merge } from './merge.ts'
import { patchText } from './patch.ts'
import { resolve, type Settled } from './resolve.ts'
import { completeSelection } from './selection.ts'
import { placeIn, type Site } from './site.ts'
import { mergedName } from './sources.ts'
import { contentOf, TEXT_MAX_BYTES, type TextParts } from './texts.ts'
import { markedText } from './three-way.ts'
import type { View } from './view.ts'

export interface ProposeParts extends TextParts {
  readonly site: Site
  readonly view: View
  readonly order: MergeOrder
}

export async function propose(parts: ProposeParts): Promise<Proposal> {
  using host = new Host(parts.site)
  const { order } = parts
  const texts = new SideTexts(parts)
  const merges = new Map<Change, Promise<Merge>>()
  const merge = (blocked: Blocked): Promise<Merge> => {
    const known = merges.get(blocked.change) ?? mergeOne(parts, texts, blocked)
    merges.set(blocked.change, known)
    return known
  }
  const { settled, free, open } = await resolve({
    site: parts.site, host, changes: completeSelection(order.changeSet.changes, order.selected), isNamed: order.named, choices: order.choices, merges: order.merges, skipRest: order.skipRest, merge, archive: parts.archive,
  })
  const changes = [...free, ...settled.flatMap((one) => one.changes)].map((change) => ({ change, key: pathOf(change.path) })).sort((a, b) => comparePaths(a.key, b.key)).map(({ change }) => change)
  const conflicts = (await Promise.all(open.map((one) => describe(texts, one, one.merge, order.patches)))).flat()
  const resolved = settled.map(({ original: { path }, choice }): Resolved => ({ path, choice }))
  const digest = conflicts.length > 0 ? null : mergedDigestOf(changes, resolved)
  const merged = digest === null ? [] : await store(parts, settled, digest)
  const patch = (await Promise.all(settled.filter(({ choice }) => choice === 'merge' || choice === 'take').map((one) => patchOf(texts, one)))).join('')
  return {
    digest, changes: conflicts.length > 0 ? [] : changes, conflicts, resolved, patch, merged,
    taken: settled.filter(({ choice }) => choice === 'take').flatMap(({ changes }) => changes.map(({ path }) => path)),
    kept: settled.filter(({ choice }) => choice === 'keep').map(({ original }) => original.path),
  }
}

async function mergeOne({ site, order }: ProposeParts, texts: SideTexts, { change, conflicts }: Blocked): Promise<Merge> {
  const at = pathOf(change.from ?? change.path)
  const [conflict, ...others] = conflicts
  if (!conflict || others.length > 0 || pathOf(conflict.path) !== at) return { state: 'none', why: 'something else stands in its way' }
  if (conflict.reason !== 'changed' && conflict.reason !== 'vanished' && conflict.reason !== 'appeared' && conflict.reason !== 'base-moved' && conflict.reason !== 'hardlink') return { state: 'none', why: 'there are no lines to join' }
  const { found } = conflict
  const nlink = found?.type === 'file' ? ((await site.files.stat(placeIn(site, at)))?.nlink ?? 0) : 1
  return await mergeOf({
    change, found, nlink, isRoot: site.isRoot, nowNs: BigInt(order.nowMs) * 1_000_000n,
    contents: { base: () => texts.base(change), host: () => texts.host(at, found), run: () => texts.run(change) },
  })
}

/** One for each end in conflict. */
async function describe(texts: SideTexts, { change, conflicts }: Blocked, merge: Merge, withPatches: boolean): Promise<OpenConflict[]> {
  const choices = choicesOf({ change, conflicts }, merge)
  return await Promise.all(conflicts.map(async (conflict) => ({
    ...conflict, merge: merge.state, choices,
    ...(merge.state === 'overlaps' ? { overlaps: merge.regions.filter(({ kind }) => kind === 'overlap').length } : {}),
    ...(merge.state === 'none' ? { why: merge.why } : {}),
    ...(withPatches ? { patches: await patchesOf(texts, change, conflict, merge) } : {}),
  })))
}

async function patchesOf(texts: SideTexts, change: Change, conflict: Blocked['conflicts'][number], merge: Merge): Promise<NonNullable<OpenConflict['patches']>> {
  const { path, found } = conflict
  const at = pathOf(path)
  const mine = await texts.host(at, found)
  const isBaseKnown = !change.flags.includes('base-moved') && !(change.before && (await texts.base(change)) === 'unreadable')
  const isTarget = at === pathOf(change.path)
  const theirs = isTarget || change.from !== undefined ? await texts.run(change) : Buffer.alloc(0)
  const merged = await mergedOf(texts, change, merge, mine)
  return {
    ...(isBaseKnown ? { host: diff(path, conflict.expected, await texts.base(change), found, mine), run: diff(path, conflict.expected, await texts.base(change), change.after, theirs) } : {}),
    taken: diff(path, found, mine, change.after, theirs),
    ...(merged ? { merged: diff(path, found, mine, found && { ...found, sha256: 'merged' }, merged) } : {}),
  }
}

async function mergedOf(texts: SideTexts, change: Change, merge: Merge, mine: Content): Promise<Content> {
  if (merge.state === 'overlaps') return Buffer.from(markedText(merge.regions, { host: 'the host has', base: 'the run saw', run: 'the run wrote' }), 'latin1')
  if (merge.state === 'none') return null
  return merge.content ?? (merge.signature.sha256 === change.after?.sha256 ? await texts.run(change) : mine)
}

async function patchOf(texts: SideTexts, { original, changes, merge, choice }: Settled): Promise<string> {
  const written = async ({ path, after }: Change): Promise<Content> => {
    if (!after) return Buffer.alloc(0)
    if (choice === 'merge' && merge?.state === 'clean' && merge.content) return merge.content
    return after.sha256 === original.after?.sha256 ? await texts.run(original) : await texts.host(pathOf(path), after)
  }
  return (await Promise.all(changes.map(async (change) => patchText(change, await texts.host(pathOf(change.from ?? change.path), change.before), await written(change))))).join('')
}

function diff(path: Bytes, before: Signature | undefined, old: Content, after: Signature | undefined, now: Content): string {
  if (!before && !after) return ''
  const kind = !before ? 'added' : !after ? 'deleted' : before.type !== after.type ? 'type' : 'modified'
  return patchText({ path, kind, ...(before ? { before } : {}), ...(after ? { after } : {}), flags: [] }, old, now)
}

/** Merged contents wait in a folder of this very digest, with the attributes that the host's file has now. */
async function store({ site, order: { folder } }: ProposeParts, settled: readonly Settled[], digest: string): Promise<Bytes[]> {
  fs.rmSync(folder, { recursive: true, force: true })
  const made = settled.flatMap(({ changes, merge }) => (merge?.state === 'clean' && merge.content && changes[0] ? [{ change: changes[0], content: merge.content }] : []))
  if (made.length === 0) return []
  fs.mkdirSync(join(folder, digest), { recursive: true, mode: 0o700 })
  await using root = await site.files.open(fromText(join(folder, digest)))
  for (const { change, content } of made) {
    const name = mergedName(pathOf(change.path))
    fs.writeFileSync(join(folder, digest, name), content, { mode: 0o600 })
    if (site.files.exact.attributes) await site.files.copyAttributes(placeIn(site, pathOf(change.from ?? change.path)), { root, path: name })
  }
  return made.map(({ change }) => change.path)
}

/** The three texts of a change, each read at most once and only as the one that was looked at. */
class SideTexts {
  readonly #parts: ProposeParts
  readonly #read = new Map<string, Promise<Content>>()

  constructor(parts: ProposeParts) {
    this.#parts = parts
  }

  base({ path, from, before }: Change): Promise<Content> {
    const at = pathOf(from ?? path)
    return this.#once(`base ${at}`, async () => contentOf(this.#parts, at, await this.#parts.view.before(at), before, TEXT_MAX_BYTES))
  }

  run({ path, after }: Change): Promise<Content> {
    const at = pathOf(path)
    return this.#once(`run ${at}`, async () => contentOf(this.#parts, at, await this.#parts.view.after(at), after, TEXT_MAX_BYTES))
  }

  host(path: BytePath, found: Signature | undefined): Promise<Content> {
    return this.#once(`host ${found?.sha256} ${path}`, async () => contentOf({ ...this.#parts, archive: () => null }, path, null, found, TEXT_MAX_BYTES))
  }

  #once(key: string, read: () => Promise<Content>): Promise<Content> {
    const known = this.#read.get(key) ?? read()
    this.#read.set(key, known)
    return known
  }
}

