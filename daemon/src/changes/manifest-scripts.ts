/** A manifest runs by itself only through its scripts, and what else a package manager or a git hook starts: other edits of it are ordinary. */
import fs from 'node:fs'
import { fsPath, nameOf, type BytePath } from './byte-path.ts'
import type { Found } from './view.ts'

const SIZE_MAX = 4n * 1024n * 1024n
/** A map, for a file may be called `constructor`. */
const PARTS: ReadonlyMap<string, readonly string[]> = new Map([
  // Corepack fetches and runs what `packageManager` names; pnpm's part says whose install scripts may run.
  ['package.json', ['scripts', 'packageManager', 'pnpm', 'husky', 'lint-staged', 'simple-git-hooks', 'gitHooks', 'pre-commit']],
  ['composer.json', ['scripts']],
])

export function haveScriptsChanged(path: BytePath, before: Found | null, after: Found | null): boolean {
  const parts = PARTS.get(nameOf(path))
  if (!parts || path.split('/').includes('node_modules') || !after) return false
  const scripts = scriptsOf(parts, after)
  return scripts !== 'none' && (scripts === null || scripts !== (before ? scriptsOf(parts, before) : 'none'))
}

/** Comparable text; 'none' where there are none; null for what cannot be read as JSON, which counts as changed. */
function scriptsOf(parts: readonly string[], found: Found): string | 'none' | null {
  if (found.seen.type !== 'file' || found.seen.size > SIZE_MAX) return null
  try {
    const parsed: unknown = JSON.parse(fs.readFileSync(fsPath(found.real), 'utf8'))
    const own = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed).filter(([name]) => parts.includes(name)) : []
    return own.length === 0 ? 'none' : JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)))
  } catch {
    // Neither npm nor we can read it today; what it becomes later is unknown, so a person looks at it.
    return null
  }
}
