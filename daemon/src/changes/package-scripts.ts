/** A package.json runs by itself only through its scripts: other edits of it are ordinary. */
import fs from 'node:fs'
import { fsPath, nameOf, type BytePath } from './byte-path.ts'
import type { Found } from './view.ts'

const SIZE_MAX = 4n * 1024n * 1024n

export function haveScriptsChanged(path: BytePath, before: Found | null, after: Found | null): boolean {
  if (nameOf(path) !== 'package.json' || path.split('/').includes('node_modules')) return false
  if (!after) return false
  const scripts = scriptsOf(after)
  return scripts !== 'none' && (scripts === null || scripts !== (before ? scriptsOf(before) : 'none'))
}

/** Comparable text; 'none' for no scripts; null for what cannot be read as JSON, which counts as changed. */
function scriptsOf(found: Found): string | 'none' | null {
  if (found.seen.type !== 'file' || found.seen.size > SIZE_MAX) return null
  try {
    const parsed: unknown = JSON.parse(fs.readFileSync(fsPath(found.real), 'utf8'))
    const scripts = typeof parsed === 'object' && parsed !== null && 'scripts' in parsed ? parsed.scripts : undefined
    return scripts === undefined ? 'none' : JSON.stringify(scripts)
  } catch {
    // Neither npm nor we can read it today; what it becomes later is unknown, so a person looks at it.
    return null
  }
}
