import type { Failure } from '@nexus/protocol/verify'
import { spotIn, sum, type Runner } from './runner.ts'

/** node:test's usual output: totals, then every failing test once more with the place that it was written at. */
export const nodeSpec: Runner = {
  name: 'node:test',
  read(lines) {
    const totals = lines.flatMap((line) => {
      const [, word = '', number] = /^ℹ (pass|fail|cancelled|skipped|todo) (\d{1,9})$/.exec(line) ?? []
      return number === undefined ? [] : [{ word, number: Number(number) }]
    })
    if (!totals.some(({ word }) => word === 'pass')) return null
    const total = (...words: string[]) => sum(totals.filter(({ word }) => words.includes(word)).map(({ number }) => number))
    return { passed: total('pass'), failed: total('fail', 'cancelled'), skipped: total('skipped', 'todo'), failures: failuresIn(lines) }
  },
}

function failuresIn(lines: readonly string[]): Failure[] {
  const failures: Failure[] = []
  for (const [at, line] of lines.entries()) {
    if (!line.startsWith('test at ')) continue
    const [, name] = /^\s*✖ (.*?)(?: \([\d.]+ms\))?$/.exec(lines[at + 1] ?? '') ?? []
    if (name !== undefined) failures.push({ name, ...spotIn(line.slice('test at '.length)), message: messageAfter(lines, at + 2) })
  }
  return failures
}

/** Up to the stack, without the name of the error's class. */
function messageAfter(lines: readonly string[], from: number): string {
  const text: string[] = []
  for (const line of lines.slice(from, from + 20)) {
    if (line.trim() === '' || /^\s+at /.test(line) || line.startsWith('test at ')) break
    text.push(line.trim())
  }
  return text.join('\n').replace(/^\[?[A-Za-z]*Error(?: \[[A-Z_]+\])?: /, '')
}
