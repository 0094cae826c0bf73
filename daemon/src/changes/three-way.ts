/**
 * Three-way merge of texts by lines: what the host changed and what the run changed since the text that both began with.
 * Lines are strings with their ends (`\r\n`, `\n`, none), so bytes stay as they are. As in git, stretches that touch
 * overlap: nothing unchanged stands between them that would say which comes first.
 */
import { diffArrays } from 'diff'

export interface Region {
  /** `both`: the two sides made the same change. */
  readonly kind: 'same' | 'host' | 'run' | 'both' | 'overlap'
  readonly base: readonly string[]
  readonly host: readonly string[]
  readonly run: readonly string[]
}

/** Texts that differ in more lines than this are not compared: it would hold the daemon up. */
const EDITS_MAX = 2000

/** Null when the texts are too different to be compared. Side by side the regions are the three texts again. */
export function threeWay(base: readonly string[], host: readonly string[], run: readonly string[]): Region[] | null {
  const hosts = hunksOf(base, host)
  const runs = hunksOf(base, run)
  if (!hosts || !runs) return null
  const regions: Region[] = []
  let at = 0
  for (let i = 0, j = 0; i < hosts.length || j < runs.length;) {
    const start = Math.min(hosts[i]?.start ?? Infinity, runs[j]?.start ?? Infinity)
    const taken = { host: i, run: j }
    let end = start
    for (let grows = true; grows;) {
      grows = false
      for (let hunk = hosts[i]; hunk && hunk.start <= end; hunk = hosts[i]) { end = Math.max(end, hunk.end); i += 1; grows = true }
      for (let hunk = runs[j]; hunk && hunk.start <= end; hunk = runs[j]) { end = Math.max(end, hunk.end); j += 1; grows = true }
    }
    if (at < start) regions.push(same(base.slice(at, start)))
    regions.push(regionOf(base, { start, end }, hosts.slice(taken.host, i), runs.slice(taken.run, j)))
    at = end
  }
  if (at < base.length) regions.push(same(base.slice(at)))
  return regions
}

/** The merged text, null while a stretch of lines overlaps. */
export function mergedText(regions: readonly Region[]): string | null {
  return regions.some(({ kind }) => kind === 'overlap') ? null : regions.flatMap(linesOf).join('')
}

/** For eyes only: overlapping stretches between markers, with what both began with in the middle. */
export function markedText(regions: readonly Region[], names: { host: string; base: string; run: string }): string {
  return regions.flatMap((region) => region.kind !== 'overlap' ? linesOf(region) : [
    `<<<<<<< ${names.host}\n`, ...closed(region.host), `||||||| ${names.base}\n`, ...closed(region.base), '=======\n', ...closed(region.run), `>>>>>>> ${names.run}\n`,
  ]).join('')
}

/** Each line with its end; the last may have none. */
export function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** A stretch of the base, by line numbers, and what stands in its place. */
interface Hunk {
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

/** How many lines two texts share at their beginning, and then at their end. */
export function commonEnds(base: readonly string[], side: readonly string[]): { head: number; tail: number } {
  let head = 0
  while (head < base.length && head < side.length && base[head] === side[head]) head += 1
  let tail = 0
  while (tail < base.length - head && tail < side.length - head && base[base.length - 1 - tail] === side[side.length - 1 - tail]) tail += 1
  return { head, tail }
}

function hunksOf(base: readonly string[], side: readonly string[]): Hunk[] | null {
  const { head, tail } = commonEnds(base, side)
  const parts = diffArrays(base.slice(head, base.length - tail), side.slice(head, side.length - tail), { maxEditLength: EDITS_MAX })
  if (!parts) return null
  const hunks: Hunk[] = []
  let at = head
  let open: { start: number; lines: string[] } | null = null
  for (const { added, removed, value } of parts) {
    if (!added && !removed) {
      if (open) hunks.push({ ...open, end: at })
      open = null
    } else open ??= { start: at, lines: [] }
    if (added) open?.lines.push(...value)
    else at += value.length
  }
  return open ? [...hunks, { ...open, end: at }] : hunks
}

function same(lines: readonly string[]): Region {
  return { kind: 'same', base: lines, host: lines, run: lines }
}

function regionOf(base: readonly string[], { start, end }: { start: number; end: number }, hosts: readonly Hunk[], runs: readonly Hunk[]): Region {
  const [host, run] = [hosts, runs].map((hunks) => sideOf(base, start, end, hunks)) as [string[], string[]]
  const isEqual = host.length === run.length && host.every((line, index) => line === run[index])
  return { kind: runs.length === 0 ? 'host' : hosts.length === 0 ? 'run' : isEqual ? 'both' : 'overlap', base: base.slice(start, end), host, run }
}

function sideOf(base: readonly string[], start: number, end: number, hunks: readonly Hunk[]): string[] {
  const lines: string[] = []
  let at = start
  for (const hunk of hunks) {
    lines.push(...base.slice(at, hunk.start), ...hunk.lines)
    at = hunk.end
  }
  return [...lines, ...base.slice(at, end)]
}

function linesOf({ kind, host, run }: Region): readonly string[] {
  return kind === 'run' ? run : host
}

/** A marker needs a line of its own. */
function closed(lines: readonly string[]): readonly string[] {
  const last = lines.at(-1)
  return last === undefined || last.endsWith('\n') ? lines : [...lines.slice(0, -1), `${last}\n`]
}
