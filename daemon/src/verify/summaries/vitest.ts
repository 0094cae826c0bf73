import type { Failure } from '@nexus/protocol/verify'
import { numbersIn, spotIn, sum, type Runner } from './runner.ts'

/** vitest, also several of them one after the other (a workspace's packages). */
export const vitest: Runner = {
  name: 'vitest',
  read(lines) {
    const ends = lines.flatMap((line, at) => (/^ +Test Files  .*\(\d+\)$/.test(line) && /^ +Tests  /.test(lines[at + 1] ?? '') ? [numbersIn(lines[at + 1] ?? '')] : []))
    if (ends.length === 0) return null
    // A file that could not be loaded has no test that could fail.
    const suites = sum(lines.map((line) => Number(/ Failed Suites (\d{1,9}) /.exec(line)?.[1] ?? 0)))
    const total = (...words: string[]) => sum(ends.flatMap((numbers) => words.map((word) => numbers[word] ?? 0)))
    return { passed: total('passed'), failed: total('failed') + suites, skipped: total('skipped', 'todo'), failures: failuresIn(lines) }
  },
}

function failuresIn(lines: readonly string[]): Failure[] {
  const failures: Failure[] = []
  for (const [at, line] of lines.entries()) {
    const [, title] = /^ FAIL  (?:\|[^|]{0,200}\| | \S{1,200}  )?(\S.*)$/.exec(line) ?? []
    if (title === undefined) continue
    const [file = title, ...names] = title.split(' > ')
    const path = file.replace(/ \[ .* \]$/, '')
    failures.push({ name: names.join(' > ') || path, ...spotAfter(lines, at + 1, path), message: messageAfter(lines, at + 1) })
  }
  return failures
}

/** The first line of the stack that lies in the test's own file, else the first of all. */
function spotAfter(lines: readonly string[], from: number, path: string): { file: string; line?: number } {
  const spots = blockFrom(lines, from).flatMap((line) => (/^\s+❯ /.test(line) ? (spotIn(line.replace(/^\s+❯ (?:.* )?/, '')) ?? []) : []))
  return spots.find(({ file }) => file === path) ?? spots[0] ?? { file: path }
}

function messageAfter(lines: readonly string[], from: number): string {
  const block = blockFrom(lines, from)
  const first = block.findIndex((line) => line.trim() !== '' && !line.startsWith(' FAIL '))
  const text: string[] = []
  for (const line of block.slice(Math.max(0, first), first + 20)) {
    if (line.trim() === '' || /^\s+❯ /.test(line)) break
    text.push(line.trim())
  }
  return text.join('\n').replace(/^(Assertion)?Error: /, '')
}

/** Up to the line that vitest draws below a failure. */
function blockFrom(lines: readonly string[], from: number): readonly string[] {
  const near = lines.slice(from, from + 200)
  const end = near.findIndex((line) => /^⎯+\[\d+\/\d+\]⎯/.test(line))
  return end < 0 ? near : near.slice(0, end)
}
