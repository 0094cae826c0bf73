/** Compiles the part of the helper that works with files, for tests that want it built their own way. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../../native', import.meta.url))

/** Its path in a new folder, readable by everybody; null without a C compiler. */
export function compileHelper(flags: readonly string[] = []): string | null {
  const folder = fs.mkdtempSync(join(tmpdir(), 'nexus-helper-'))
  fs.chmodSync(folder, 0o755)
  const main = join(folder, 'main.c')
  fs.writeFileSync(main, '#include "nexus-native.h"\nint main(void) { return files_main(); }\n')
  const sources = fs.readdirSync(SOURCES).filter((name) => /^files.*\.c$/.test(name)).map((name) => join(SOURCES, name))
  const target = join(folder, 'nexus-native')
  const done = spawnSync('cc', ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wformat=2', '-pthread', ...flags, '-I', SOURCES, '-o', target, main, ...sources], { encoding: 'utf8' })
  if (done.error) return null
  if (done.status !== 0) throw new Error(done.stderr)
  return target
}

/** The number that its sources greet with. */
export function helperProtocol(): number {
  return Number(/define NEXUS_NATIVE_PROTOCOL (\d+)/.exec(fs.readFileSync(join(SOURCES, 'nexus-native.h'), 'utf8'))?.[1])
}

export function removeHelper(helper: string | null): void {
  if (helper !== null) fs.rmSync(dirname(helper), { recursive: true, force: true })
}
