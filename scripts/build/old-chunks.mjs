// Removes chunks that neither this build nor the one before it wrote. The one before may still run, and import lazily.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `written`: the names of all files that this build put into the folder. */
export function removeOldChunks(folder, written) {
  const file = join(folder, 'builds.json')
  const { now, before } = recordIn(file)
  const isSame = now.length === written.length && now.every((name) => written.includes(name))
  const record = isSame ? { now, before } : { now: written, before: now }
  const kept = new Set([...record.now, ...record.before])
  for (const name of readdirSync(folder)) if (/^chunk-\w+\.mjs(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(folder, name), { force: true })
  writeFileSync(file, JSON.stringify(record))
}

function recordIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // The first build with a record: what lies there may be of the build before.
    return { now: readdirSync(join(file, '..')), before: [] }
  }
}
