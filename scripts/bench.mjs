// Runs every benchmark of e2e/bench (or the named ones) and prints their figures as ratios.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { journalledDisk } from './bench/journalled-disk.mjs'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'e2e/bench')
const wanted = process.argv.slice(2)
const files = readdirSync(folder).filter((name) => name.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((word) => name.includes(word))))
const disk = journalledDisk()
const failed = files.filter((name) => {
  console.log(`\n## ${name.replace('.bench.ts', '')}`)
  const [program, ...words] = [...disk.words, process.execPath, join(folder, name)]
  return spawnSync(program, words, { stdio: 'inherit', env: { ...process.env, ...disk.env } }).status !== 0
})
disk.release()
process.exit(failed.length > 0 ? 1 : 0)
