/**
 * Conflicts and what becomes of them. A choice rewrites a change so that it is measured against the host as it is now;
 * then everything is examined again, for one choice may bring or settle other conflicts. The host is only read.
 */
import type { Change, Choice, Conflict, Resolved } from '@nexus/protocol/changes'
import { isBelow, parentOf, pathOf, TOP, type BytePath } from './byte-path.ts'
import { choicesOf, rewritten, type Blocked } from './choices.ts'
import { repositoryOf } from './git.ts'
import type { Host } from './host.ts'
import type { Merge } from './merge.ts'
import { examine } from './preconditions.ts'
import type { Site } from './site.ts'
import { wishesOf } from './wishes.ts'

export interface ResolveParts {
  readonly site: Site
  readonly host: Host
  /** What can stand alone: see completeSelection. */
  readonly changes: readonly Change[]
  readonly isNamed: boolean
  readonly choices: readonly Resolved[]
  /** Merge what merges cleanly and is not named. */
  readonly merges: boolean
  readonly skipRest: boolean
  readonly merge: (blocked: Blocked) => Promise<Merge>
  readonly archive: (sha256: string) => Buffer | null
}

export interface Settled {
  readonly original: Change
  readonly choice: Choice
  /** What is applied in its place; nothing for `keep` and `skip`. */
  readonly changes: readonly Change[]
  readonly merge: Merge | null
}

export interface Resolution {
  readonly settled: readonly Settled[]
  /** Changes that no conflict concerns. */
  readonly free: readonly Change[]
  readonly open: readonly (Blocked & { readonly merge: Merge })[]
}

/** One change on its way: as it was, as it is to be applied now, and what was decided about it. */
interface Item {
  readonly original: Change
  changes: readonly Change[]
  choice: Choice | null
  merge: Merge | null
}

export async function resolve(parts: ResolveParts): Promise<Resolution> {
  const items: Item[] = parts.changes.map((original) => ({ original, changes: [original], choice: null, merge: null }))
  const chosen = new Map(parts.choices.map(({ path, choice }) => [pathOf(path), choice]))
  // Each round decides at least one item, so it ends.
  for (;;) {
    const blocked = await blockedIn(parts, items)
    if (!(await decideSome(parts, items, blocked, chosen))) {
      const open = await Promise.all(blocked.map(async ({ item, conflicts }) => ({ change: item.original, conflicts, merge: item.choice === null ? await parts.merge({ change: item.original, conflicts }) : SETTLED_ALREADY })))
      return {
        open, free: items.filter(({ choice }) => choice === null).flatMap(({ changes }) => changes),
        settled: items.flatMap(({ original, choice, changes, merge }) => (choice === null ? [] : [{ original, choice, changes, merge }])),
      }
    }
  }
}

const SETTLED_ALREADY: Merge = { state: 'none', why: 'it changed again in this very moment' }

interface BlockedItem {
  readonly item: Item
  readonly conflicts: readonly Conflict[]
}

async function blockedIn({ site, host, isNamed, archive }: ResolveParts, items: readonly Item[]): Promise<BlockedItem[]> {
  const owners = new Map<BytePath, Item>()
  const wishes = items.flatMap((item) => item.changes.flatMap((change) => {
    const own = wishesOf(change, isNamed || item.choice !== null, archive)
    for (const { path } of own) owners.set(path, item)
    return own
  }))
  const { conflicts } = await examine(site, host, wishes)
  const grouped = new Map<Item, Conflict[]>()
  for (const conflict of conflicts) {
    const item = owners.get(pathOf(conflict.path))
    if (item) grouped.set(item, [...(grouped.get(item) ?? []), conflict])
  }
  return [...grouped].map(([item, found]) => ({ item, conflicts: found }))
}

/** False when nothing more can be decided. What was named or merges cleanly goes first: the rest may settle with it. */
async function decideSome(parts: ResolveParts, items: readonly Item[], blocked: readonly BlockedItem[], chosen: ReadonlyMap<BytePath, Choice>): Promise<boolean> {
  let some = false
  for (const { item, conflicts } of blocked) {
    if (item.choice !== null) continue
    const one: Blocked = { change: item.original, conflicts }
    const merge = await parts.merge(one)
    const wanted = choiceFor(item.original, chosen)
    const choice = wanted ?? (parts.merges && merge.state === 'clean' ? 'merge' : null)
    if (choice === null || !choicesOf(one, merge).includes(choice)) continue
    settle(items, item, one, choice, merge)
    some = true
  }
  if (some || !parts.skipRest) return some
  const left = blocked.find(({ item }) => item.choice === null && choiceFor(item.original, chosen) === null)
  if (left) settle(items, left.item, { change: left.item.original, conflicts: left.conflicts }, 'skip', SETTLED_ALREADY)
  return left !== undefined
}

function settle(items: readonly Item[], item: Item, blocked: Blocked, choice: Choice, merge: Merge): void {
  item.choice = choice
  item.merge = merge
  if (choice === 'merge' || choice === 'take') {
    item.changes = rewritten(blocked, choice, merge.state === 'clean' ? merge.signature : undefined)
    return
  }
  for (const tied of items.filter((other) => other === item || isTied(other.original, item.original))) Object.assign(tied, { choice, changes: [], merge: null } satisfies Partial<Item>)
}

/** A directory cannot go while something in it stays, and a repository is one group. */
function isTied(other: Change, left: Change): boolean {
  const ends = endsOf(left)
  if (other.before?.type === 'directory' && other.after?.type !== 'directory' && ends.some((end) => isBelow(end, pathOf(other.path)))) return true
  const repositories = ends.flatMap((end) => repositoryOf(end) ?? [])
  return endsOf(other).some((end) => repositories.includes(repositoryOf(end) ?? TOP))
}

/** The choice for the path itself, or for the nearest directory above that has one. */
function choiceFor(change: Change, chosen: ReadonlyMap<BytePath, Choice>): Choice | null {
  for (const end of endsOf(change)) {
    for (let path = end; path !== TOP; path = parentOf(path)) {
      const choice = chosen.get(path)
      if (choice) return choice
    }
  }
  return chosen.get(TOP) ?? null
}

function endsOf({ path, from }: Change): BytePath[] {
  return from === undefined ? [pathOf(path)] : [pathOf(path), pathOf(from)]
}
