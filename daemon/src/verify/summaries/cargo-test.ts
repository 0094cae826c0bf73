import type { Failure } from '@nexus/protocol/verify'
import { numbersIn, sum, type Runner } from './runner.ts'

const END = /^test result: (?:ok|FAILED)\. (\d.*)$/

/** cargo test, target by target; what did not compile is told as a failure and is in no count. */
export const cargoTest: Runner = {
  name: 'cargo',
  read(lines) {
    const ends = lines.flatMap((line) => END.exec(line)?.[1] ?? []).map(numbersIn)
    const errors = lines.some((line) => line.startsWith('error: could not compile `')) ? compileErrors(lines) : []
    if (ends.length === 0 && errors.length === 0) return null
    const total = (word: string) => sum(ends.map((numbers) => numbers[word] ?? 0))
    return { passed: total('passed'), failed: total('failed'), skipped: total('ignored'), failures: [...errors, ...failedTests(lines)] }
  },
}

function compileErrors(lines: readonly string[]): Failure[] {
  return lines.flatMap((line, at): Failure[] => {
    const [, code, message] = /^error(?:\[(E\d+)\])?: (.+)$/.exec(line) ?? []
    const [, file, number] = /^ *--> (.+?):(\d{1,7}):\d+$/.exec(lines[at + 1] ?? '') ?? []
    if (message === undefined || file === undefined) return []
    return [{ name: code ?? 'does not compile', file, line: Number(number), message }]
  })
}

function failedTests(lines: readonly string[]): Failure[] {
  return lines.flatMap((line, at): Failure[] => {
    const [, name] = /^---- (.+) stdout ----$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, ...panicIn(blockFrom(lines, at + 1)) }]
  })
}

function panicIn(block: readonly string[]): { file?: string; line?: number; message: string } {
  for (const [at, line] of block.entries()) {
    // Since Rust 1.73 the message stands below the place, before it stood in quotes before it.
    const [, old, file, number] = /^thread '.*?'(?: \(\d+\))? panicked at (?:'(.*)', )?(\S+?):(\d{1,7}):\d+:?$/.exec(line) ?? []
    if (file !== undefined) return { file, line: Number(number), message: old ?? paragraph(block.slice(at + 1)) }
    const [, why, place, where] = /^note: (.+?) at (\S+?):(\d{1,7}):\d+$/.exec(line) ?? []
    if (place !== undefined) return { file: place, line: Number(where), message: why ?? '' }
  }
  return { message: paragraph(block) }
}

function paragraph(lines: readonly string[]): string {
  const end = lines.findIndex((line) => line.trim() === '' || /^(stack backtrace:|note: run with )/.test(line))
  return (end < 0 ? lines : lines.slice(0, end)).slice(0, 20).map((line) => line.trim()).join('\n')
}

function blockFrom(lines: readonly string[], from: number): readonly string[] {
  const near = lines.slice(from, from + 200)
  const end = near.findIndex((line) => /^(---- .* stdout ----|failures:)$/.test(line))
  return (end < 0 ? near : near.slice(0, end)).filter((line, at) => at > 0 || line !== '')
}
