/** The patch of two texts that differ in too many lines to be compared: all that is between their common ends goes, and all of the other comes. */
import type { StructuredPatchHunk } from 'diff'
import { commonEnds, splitLines } from './three-way.ts'

export function replacement(old: string, now: string, context: number): StructuredPatchHunk {
  const [olds, nows] = [splitLines(old), splitLines(now)]
  const { head, tail } = commonEnds(olds, nows)
  const before = olds.slice(Math.max(0, head - context), head)
  const after = olds.slice(olds.length - tail, olds.length - tail + context)
  const [removed, added] = [olds.slice(head, olds.length - tail), nows.slice(head, nows.length - tail)]
  const start = head - before.length + 1
  return {
    oldStart: start, oldLines: before.length + removed.length + after.length, newStart: start, newLines: before.length + added.length + after.length,
    lines: [...before.flatMap((line) => shown(' ', line)), ...removed.flatMap((line) => shown('-', line)), ...added.flatMap((line) => shown('+', line)), ...after.flatMap((line) => shown(' ', line))],
  }
}

function shown(sign: string, line: string): string[] {
  return line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file']
}
