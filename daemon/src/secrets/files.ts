/** Files of a project that hold secrets by their name: .env and its like. Looked for with bounds, what lies nearest first; no folder is entered by a link. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import { isInside } from '../base/project.ts'

const NAMES = /^(\.env(\.[\w.-]+)?|\.netrc|_netrc|\.pypirc|\.git-credentials|\.htpasswd|credentials\.json|service-?account[\w.-]*\.json)$/
/** Made to be shown. */
const EXAMPLES = /\.(example|sample|template|dist|defaults|schema)$/
const LEFT_OUT = new Set(['node_modules', '.git', '.venv', 'venv', 'target', 'vendor', '__pycache__'])
const DEPTH_MAX = 8
const ENTRIES_MAX = 300_000
/** Each is a mount, and the launcher takes a thousand. */
const FOUND_MAX = 900

/** By its name, wherever it lies. */
export function isSecretFile(path: string): boolean {
  const name = basename(path)
  return NAMES.test(name) && !EXAMPLES.test(name)
}

/** Relative paths. Throws Problem `secret-files-many`: one that was not found would be seen. */
export async function secretFilesIn(top: string): Promise<string[]> {
  const found: string[] = []
  const open = ['']
  let left = ENTRIES_MAX
  for (let folder = open.shift(); folder !== undefined; folder = open.shift()) {
    const entries = await readdir(join(top, folder), { withFileTypes: true }).catch(() => []) // one that is closed to us has nothing to show inside either
    left -= entries.length
    if (left < 0) throw new Problem('secret-files-many', { most: `${ENTRIES_MAX} files and folders` })
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && path.split('/').length < DEPTH_MAX && !LEFT_OUT.has(entry.name)) open.push(path)
      else if (isSecretFile(entry.name) && (entry.isFile() || (entry.isSymbolicLink() && await leadsToFile(top, path)))) found.push(path)
    }
    if (found.length > FOUND_MAX) throw new Problem('secret-files-many', { most: `${FOUND_MAX} files like .env` })
  }
  return found
}

/** What a mask covers is what the link leads to: a file of the project's own, nothing else. */
async function leadsToFile(top: string, path: string): Promise<boolean> {
  const target = await realpath(join(top, path)).catch(() => undefined)
  return target !== undefined && isInside(target, await realpath(top)) && (await stat(target)).isFile()
}
