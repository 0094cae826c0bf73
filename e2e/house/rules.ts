/** Every rule of the house, and what breaks it, in words that name the file. */
import { COMPOSITION, LONG_FILES, LONG_LINES, ONE_PLACE, PACKAGES, ROOMS } from './table.ts'
import { globalsOf, importsOf, isTest, isTypeScript, type Source } from './source.ts'

export function violations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [...arrows(source), ...tooLong(source), ...badName(source)])
}

function arrows(source: Source): string[] {
  if (!isTypeScript(source.path)) return []
  // A test builds the real room from its parts, so it may know them.
  return isTest(source.path) ? packageArrows(source) : [...packageArrows(source), ...roomArrows(source), ...onePlace(source)]
}

/** Between packages: protocol knows nobody, the clients never the daemon, nobody the tests. */
function packageArrows(source: Source): string[] {
  const own = folderOf(source.path, 0)
  const allowed = PACKAGES[own]
  if (!allowed) return []
  return importsOf(source).map(({ target }) => target)
    .filter((target) => ['protocol', 'daemon', 'cli', 'dashboard', 'e2e', 'scripts'].includes(folderOf(target, 0)) && target.includes('/'))
    .filter((target) => folderOf(target, 0) !== own && !allowed.includes(folderOf(target, 0)))
    .map((target) => `${source.path} imports ${target}: ${own} may import ${allowed.join(', ') || 'nothing of the house'}`)
}

/** Between rooms of the daemon: only along the arrows, and only types; the objects are handed in. */
function roomArrows(source: Source): string[] {
  const own = roomOf(source.path)
  if (own === undefined || COMPOSITION.includes(source.path)) return []
  const found: string[] = []
  for (const { target, isType } of importsOf(source)) {
    const other = roomOf(target)
    if (other === undefined || other === own || other === 'base') continue
    if (own !== '' && ROOMS[own] === undefined) found.push(`${source.path}: the room ${own} is not in the table`)
    else if (!reachable(own).has(other)) found.push(`${source.path} imports ${target}: ${own || 'this file'} may not call ${other || 'files outside the rooms'}`)
    else if (!isType) found.push(`${source.path} imports ${target} by value: between rooms only types, objects are handed in by daemon.ts`)
  }
  return found
}

function onePlace(source: Source): string[] {
  const has = [...importsOf(source).map(({ target }) => target), ...globalsOf(source)]
  return ONE_PLACE
    .filter(({ what, of, only }) => of.test(source.path) && !only.test(source.path) && has.some((thing) => thing === what || thing.endsWith(`/${what}`)))
    .map(({ what, only }) => `${source.path} uses ${what}: its place is ${only.source === '^$' ? 'not in this package' : only.source}`)
}

function tooLong(source: Source): string[] {
  const lines = source.text.split('\n').length - 1
  if (lines <= LONG_LINES || LONG_FILES[source.path] !== undefined) return []
  return [`${source.path} has ${lines} lines: what is the second idea? (or give the reason in e2e/house/table.ts)`]
}

function badName(source: Source): string[] {
  const name = source.path.split('/').at(-1) ?? ''
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.(tsx?|c|h)$/.test(name)) return [`${source.path}: file names are kebab-case`]
  // The compiled helper is a program of that name, not a drawer for helpers.
  const word = name === 'compiled-helper.ts' ? null : /(^|-)(manager|helpers?|utils?|processor|types|misc)\.(tsx?|c|h)$/.exec(name)
  return word ? [`${source.path}: "${word[2]}" says that nobody found the name yet`] : []
}

/** The room's folder; '' for a file beside the rooms; undefined for what is not the daemon's. */
function roomOf(path: string): string | undefined {
  if (!path.startsWith('daemon/src/')) return undefined
  const parts = path.split('/')
  return parts.length > 3 ? parts[2] : ''
}

function folderOf(path: string, depth: number): string {
  return path.split('/')[depth] ?? ''
}

function reachable(room: string): Set<string> {
  const found = new Set<string>(['base'])
  const visit = (name: string) => {
    for (const next of ROOMS[name] ?? []) {
      if (found.has(next)) continue
      found.add(next)
      visit(next)
    }
  }
  visit(room)
  return found
}
