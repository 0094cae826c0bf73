/** From what lies in the project to the commands that verify it. */
import type { CheckKind } from '@nexus/protocol/verify'
import type { Ecosystem, Folder } from './ecosystem.ts'
import type { Listing } from './listing.ts'

export interface Check {
  readonly kind: CheckKind
  readonly ecosystem: string
  /** Relative to the project; `.` is the project itself. */
  readonly folder: string
  readonly command: readonly string[]
}

/** What is built is there for the linters and the tests. */
const ORDER: readonly CheckKind[] = ['build', 'lint', 'test']
/** A manifest in there belongs to a test or an example, not to a part of the project. */
const SIDE = /(^|\/)(tests?|specs?|__tests__|fixtures?|__fixtures__|testdata|examples?)(\/|$)/

/** In the order in which they run: kinds first, then folders from the outside in. */
export function detect(listing: Listing, ecosystems: readonly Ecosystem[]): Check[] {
  const checks = foldersOf(listing).flatMap((folder) => checksIn(folder, listing, ecosystems))
  const outermost = checks.filter((check) => !checks.some((other) => other.ecosystem === check.ecosystem && isBelow(check.folder, other.folder)))
  return ORDER.flatMap((kind) => outermost.filter((check) => check.kind === kind))
}

function checksIn(path: string, listing: Listing, ecosystems: readonly Ecosystem[]): Check[] {
  const folder = folderAt(path, listing)
  const found = ecosystems.filter(({ marks }) => marks.some((mark) => folder.has(mark)))
    .flatMap((ecosystem) => ecosystem.commands(folder).map((command) => ({ ...command, ecosystem })))
  const isOffered = (kind: CheckKind) => found.some((other) => !other.ecosystem.stepsBack && other.kind === kind)
  return found.filter(({ ecosystem, kind }) => !ecosystem.stepsBack || !isOffered(kind))
    .map(({ kind, ecosystem, command }) => ({ kind, ecosystem: ecosystem.name, folder: path, command }))
}

function folderAt(path: string, { files, texts }: Listing): Folder {
  const has = (folder: string, pattern: string) => {
    const wanted = patternOf(pattern)
    return files.some((file) => isBelow(file, folder) && wanted.test(folder === '.' ? file : file.slice(folder.length + 1)))
  }
  return {
    isTop: path === '.',
    has: (pattern) => has(path, pattern),
    hasAbove: (pattern) => upFrom(path).some((folder) => has(folder, pattern)),
    text: (name) => texts.get(path === '.' ? name : `${path}/${name}`) ?? '',
  }
}

/** Every folder that holds a file which was asked for, and those above, outermost first. */
function foldersOf({ files }: Listing): string[] {
  const all = new Set(files.flatMap((file) => upFrom(file).slice(1)))
  return [...all].filter((folder) => !SIDE.test(folder)).sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1))
}

/** The path itself, then the folders above it, up to `.`. */
function upFrom(path: string): string[] {
  if (path === '.') return ['.']
  const names = path.split('/')
  return [...names.map((_, at) => names.slice(0, names.length - at).join('/')), '.']
}

function depthOf(folder: string): number {
  return folder === '.' ? 0 : folder.split('/').length
}

function isBelow(path: string, folder: string): boolean {
  return folder === '.' ? path !== '.' : path.startsWith(`${folder}/`)
}

function patternOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[^/]*')}$`)
}
