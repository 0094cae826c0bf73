/** Files of a project that hold secrets by their name: .env and its like. Looked for with bounds; links are never followed. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const NAMES = /^(\.env(\.[\w.-]+)?|\.netrc|_netrc|\.pypirc|\.git-credentials|\.htpasswd|credentials\.json|service-?account[\w.-]*\.json)$/
/** Made to be shown. */
const EXAMPLES = /\.(example|sample|template|dist|defaults|schema)$/
const LEFT_OUT = new Set(['node_modules', '.git', '.venv', 'venv', 'target', 'vendor', '__pycache__'])
const DEPTH_MAX = 4
const ENTRIES_MAX = 20_000
const FOUND_MAX = 100

/** Absolute paths. */
export async function secretFilesIn(project: string): Promise<string[]> {
  const found: string[] = []
  let left = ENTRIES_MAX
  const walk = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []) // one that is closed to us has nothing to show inside either
    left -= entries.length
    for (const entry of entries) {
      if (left < 0 || found.length >= FOUND_MAX) return
      if (entry.isFile() && NAMES.test(entry.name) && !EXAMPLES.test(entry.name)) found.push(join(folder, entry.name))
      else if (entry.isDirectory() && depth < DEPTH_MAX && !LEFT_OUT.has(entry.name)) await walk(join(folder, entry.name), depth + 1)
    }
  }
  await walk(project, 1)
  return found
}
