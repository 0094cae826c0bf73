import type { Failure } from '@nexus/protocol/verify'
import { numbersIn, spotIn, sum, type Runner } from './runner.ts'

const BROKEN = 'Test suite failed to run'

export const jest: Runner = {
  name: 'jest',
  read(lines) {
    const ends = lines.filter((line) => /^Tests: +\d.* total$/.test(line)).map(numbersIn)
    if (ends.length === 0 || !lines.some((line) => /^Test Suites: .* total$/.test(line))) return null
    const failures = failuresIn(lines)
    const total = (...words: string[]) => sum(ends.flatMap((numbers) => words.map((word) => numbers[word] ?? 0)))
    // A file that could not be loaded has no test that could fail.
    const broken = failures.filter(({ name }) => name === BROKEN).length
    return { passed: total('passed'), failed: total('failed') + broken, skipped: total('skipped', 'todo'), failures }
  },
}

function failuresIn(lines: readonly string[]): Failure[] {
  const failures = new Map<string, Failure>()
  let suite: string | undefined
  for (const [at, line] of lines.entries()) {
    suite = /^FAIL (?:\S+ )?(\S+)(?: \([\d.]+ m?s\))?$/.exec(line)?.[1]?.replace(/^\.\//, '') ?? suite
    const [, name] = /^ {2}● (.+)$/.exec(line) ?? []
    if (name === undefined || name === 'Console') continue
    const block = blockFrom(lines, at + 1)
    const stack = block.flatMap((one) => (/^ +at /.test(one) ? (spotIn(one.replace(/^ +at (?:.* )?\(?/, '')) ?? []) : []))
    const spot = stack.find(({ file }) => suite !== undefined && (file === suite || suite.endsWith(`/${file}`))) ?? stack.find(({ file }) => !file.includes('node_modules'))
    // With many failures jest tells each a second time at the end.
    failures.set(`${suite} ${name}`, { name, ...(spot ?? (suite === undefined ? {} : { file: suite })), message: messageOf(block) })
  }
  return [...failures.values()]
}

/** The first paragraphs, up to the code frame or the stack. */
function messageOf(block: readonly string[]): string {
  const text: string[] = []
  for (const line of block) {
    if (/^ +(>? *\d+ \||at )/.test(line)) break
    text.push(line.trim())
  }
  return text.join('\n').trim().replace(/\n{2,}/g, '\n')
}

function blockFrom(lines: readonly string[], from: number): readonly string[] {
  const near = lines.slice(from, from + 200)
  const end = near.findIndex((line) => /^( {2}● |PASS |FAIL |Test Suites: )/.test(line))
  return end < 0 ? near : near.slice(0, end)
}
