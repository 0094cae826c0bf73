/** What the native programs are told, by a fuzzer that learns which bytes lead further, under AddressSanitizer and UBSan. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEndurance, seed } from './crash/dice.ts'
import { needs } from './needs.ts'
import { root } from './nexus.ts'

const INPUTS = Number(process.env.NEXUS_RUNS ?? (isEndurance ? 400_000 : 12_000))
const NATIVE = join(root, 'daemon/native')
const HERE = join(root, 'e2e/native-fuzz')
const STRICT = ['-std=gnu17', '-pthread', '-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-DSHARE=1', '-I', NATIVE, '-I', HERE]
const NAMESPACES = process.geteuid?.() === 0 ? '-mpf' : '-Urmpf'

/** Each takes one source of the product in whole, to reach what that keeps to itself. */
const TARGETS = [
  { name: 'files', source: 'files-target.c', withIn: 'files.c', parts: /^files.*\.c$/ },
  { name: 'launch', source: 'launch-target.c', withIn: 'launch.c', parts: /^launch.*\.c$/ },
] as const

const scratch = mkdtempSync(join(tmpdir(), 'nexus-native-fuzz-'))
let lack: string | undefined
beforeAll(() => {
  needs((note) => { lack ??= note }, 'gcc', 'unshare')
  const tried = spawnSync('unshare', [NAMESPACES, '--kill-child', '--mount-proc', 'true'], { encoding: 'utf8' })
  if (tried.status !== 0) lack ??= `needs namespaces with a /proc of their own: ${tried.stderr.trim()}`
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test.for(TARGETS)('no bytes crash, hang or leak in nexus-native $name', { timeout: isEndurance ? 3_600_000 : 180_000 }, async ({ name, source, withIn, parts }, { skip }) => {
  if (lack !== undefined) return skip(lack)
  const program = compile(name, source, readdirSync(NATIVE).filter((file) => parts.test(file) && file !== withIn).map((file) => join(NATIVE, file)))
  const empty = mkdtempSync(join(scratch, 'root-'))
  const child = spawn('unshare', [NAMESPACES, '--kill-child', '--', program, String(seed), String(INPUTS), empty], {
    stdio: ['ignore', 'ignore', 'pipe'], env: { ASAN_OPTIONS: 'detect_leaks=1:handle_abort=1', LSAN_OPTIONS: 'exitcode=5', UBSAN_OPTIONS: 'print_stacktrace=1' },
  })
  const [code, said] = await Promise.all([new Promise((resolve) => { child.once('close', resolve) }), text(child.stderr)])
  const counts = /^(\d+) inputs, (\d+) kept, (\d+) edges$/m.exec(said)
  console.log(`nexus-native ${name}, seed ${seed} (repeat with NEXUS_SEED=${seed}): ${counts?.[0] ?? said}`)
  expect({ code, said }).toEqual({ code: 0, said: `${counts?.[0]}\n` })
  // It must have learned something: a fuzzer that is refused at the door proves nothing.
  expect(Number(counts?.[2])).toBeGreaterThan(20)
})

/** Only the product's code counts what it reaches, with the source that the target takes in. */
function compile(name: string, source: string, parts: readonly string[]): string {
  const [fuzzer, program] = [join(scratch, 'fuzzer.o'), join(scratch, `fuzz-${name}`)]
  gcc(['-c', join(HERE, 'fuzzer.c'), '-o', fuzzer])
  gcc(['-fsanitize-coverage=trace-pc', '-Wno-unused-function', '-Wno-unused-variable', join(HERE, source), ...parts, fuzzer, '-o', program])
  return program
}

function gcc(words: readonly string[]): void {
  const { status, stderr } = spawnSync('gcc', ['-Wall', '-Wextra', '-Werror', ...STRICT, ...words], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
