/** A test runner whose output is understood. A pure function over lines; anything may be missing, torn or hostile. */
import type { Failure } from '@nexus/protocol/verify'

export interface Runner {
  readonly name: string
  /** Null when these lines are not its own, or too few of them are left to count. */
  read(lines: readonly string[]): Counted | null
}

export interface Counted {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
}

export interface Spot {
  readonly file: string
  readonly line: number
}

/** `path:12` or `path:12:3` at the end of a stack line or in round brackets; `file://` is taken off. */
export function spotIn(text: string): Spot | undefined {
  const [, file, line] = /(?:file:\/\/)?((?:[A-Za-z]:)?[^\s()'"]{1,1000}?):(\d{1,7})(?::\d{1,7})?\)?$/.exec(text.trim()) ?? []
  return file === undefined || line === undefined ? undefined : { file, line: Number(line) }
}

/** The numbers of a line such as `2 failed | 1 passed (3)`, by the word behind each. */
export function numbersIn(line: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [, number, word] of line.matchAll(/(\d{1,9}) ([a-z]+)/g)) found[word ?? ''] = (found[word ?? ''] ?? 0) + Number(number)
  return found
}

export function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
