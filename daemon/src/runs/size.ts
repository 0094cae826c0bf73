/** What a tree occupies on the disk. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What goes away meanwhile, and a folder that cannot be read (overlayfs' work, mode 000), count as nothing. */
export async function sizeOf(path: string): Promise<number> {
  const stat = await lstat(path).catch(() => null)
  if (!stat?.isDirectory()) return (stat?.blocks ?? 0) * 512
  const names = await readdir(path).catch(() => [])
  let total = 0
  for (const name of names) total += await sizeOf(join(path, name))
  return total
}
