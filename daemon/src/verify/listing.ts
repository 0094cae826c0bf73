/**
 * What lies in the project as far as the ecosystems ask, seen from inside a layer: there a link leads nowhere it should
 * not, a pipe cannot hold the daemon up, and the tree is the one that the commands will find.
 */
import type { Ecosystem } from './ecosystem.ts'

export interface Listing {
  /** Relative paths, `/` between names. */
  readonly files: readonly string[]
  readonly texts: ReadonlyMap<string, string>
}

/** Where a project's own parts lie; deeper down are the parts of parts. */
const DEPTH = 4
const READ_MAX_KIB = 256
/** Holds what others wrote, or what a command made. */
const FOREIGN = ['node_modules', 'bower_components', 'vendor', 'target', 'dist', 'build', 'out', 'coverage', '__pycache__', 'site-packages', 'deps', '_build', '.?*']
/** Environments are told, not entered. */
const ENVIRONMENTS = ['.venv', 'venv']

/** The command whose output `listingOf` understands; needs find and cat, which every system has. */
export function listingCommand(ecosystems: readonly Ecosystem[]): string[] {
  const names = unique(ecosystems.flatMap(({ marks, asks }) => [...marks, ...asks])).filter((name) => !ENVIRONMENTS.includes(name))
  const reads = unique(ecosystems.flatMap((ecosystem) => ecosystem.reads))
  const find = (wanted: readonly string[], then: string) =>
    `find . -maxdepth ${DEPTH} -type d \\( ${anyOf(FOREIGN)} \\) -prune -o -type f \\( ${anyOf(wanted.map(lastOf))} \\) ${then}`
  const show = `for file; do printf "%s\\0" "$file"; tr -d "\\000" < "$file"; printf "\\0"; done`
  const script = [
    `find . -maxdepth ${DEPTH} -type d \\( ${anyOf(ENVIRONMENTS)} \\) -prune -print0 -o -type d \\( ${anyOf(FOREIGN)} \\) -prune`,
    find(names, '-print0'), `printf '\\0'`, find(reads, `-size -${READ_MAX_KIB + 1}k -exec sh -c '${show}' sh {} +`),
  ].join('; ')
  return ['/bin/sh', '-c', script]
}

/** Names, each ended by NUL; an empty one; then name and text by turns. What was cut off at the end is left out. */
export function listingOf(output: Buffer): Listing {
  const parts = output.toString('utf8').split('\0')
  const gap = parts.indexOf('')
  const names = gap < 0 ? parts.slice(0, -1) : parts.slice(0, gap)
  const texts = new Map<string, string>()
  for (let at = gap + 1; gap >= 0 && at + 2 < parts.length; at += 2) texts.set(relative(parts[at] ?? ''), parts[at + 1] ?? '')
  return { files: unique(names.map(relative)).sort(), texts }
}

function anyOf(patterns: readonly string[]): string {
  return unique(patterns).map((pattern) => `-name '${pattern}'`).join(' -o ')
}

function lastOf(pattern: string): string {
  return pattern.slice(pattern.lastIndexOf('/') + 1)
}

function relative(path: string): string {
  return path.replace(/^\.\//, '')
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)]
}
