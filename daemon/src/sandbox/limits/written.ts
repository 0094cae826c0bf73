/** How much disk some folders take. Stops counting once it is more than asked for. */
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 512

/** Bytes on the disk; a sparse file counts what it holds. What cannot be read counts nothing. */
export async function bytesIn(folders: readonly string[], enough: number): Promise<number> {
  const seen = new Set<string>()
  const open = [...folders]
  let bytes = 0
  for (let folder = open.pop(); folder !== undefined && bytes <= enough; folder = open.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) open.push(path)
        const stat = await lstat(path)
        const key = `${stat.dev}:${stat.ino}`
        if (stat.nlink > 1 && !entry.isDirectory() && seen.has(key)) continue
        seen.add(key)
        bytes += stat.blocks * BLOCK_BYTES
        if (bytes > enough) break
      }
    } catch {
      // It went away meanwhile, or the run closed it to us: what lies below is looked for again next time.
    }
  }
  return bytes
}
