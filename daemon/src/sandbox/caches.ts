/** Package caches: kept per project below the state folder, so that the second `npm install` is quick, and never
 *  shared between projects, so that one project cannot poison another. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Below the home inside; the same names below the cache folder of the project. */
const FOLDERS = ['.npm', '.cache/pip', '.cache/yarn', '.cache/pnpm', '.local/share/pnpm/store', '.cargo/registry'] as const

export function cacheBinds(state: string, project: string, home: string): { from: string; to: string }[] {
  const own = createHash('sha256').update(project).digest('hex').slice(0, 16)
  return FOLDERS.map((folder) => ({ from: join(state, 'caches', own, folder), to: join(home, folder) }))
}

export function makeCaches(binds: readonly { readonly from: string }[]): void {
  for (const { from } of binds) mkdirSync(from, { recursive: true, mode: 0o700 })
}
