import type { Failure } from '@nexus/protocol/verify'
import { numbersIn, spotIn, sum, type Runner, type Spot } from './runner.ts'

/** `= 2 failed, 1 passed in 0.12s =`; with -q the line stands bare. */
const END = /^(?:=+ )?((?:\d{1,9} [a-z]+(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$/

export const pytest: Runner = {
  name: 'pytest',
  read(lines) {
    const ends = lines.flatMap((line) => END.exec(line)?.[1] ?? []).map(numbersIn)
    if (ends.length === 0) return null
    const total = (...words: string[]) => sum(ends.flatMap((numbers) => words.map((word) => numbers[word] ?? 0)))
    return { passed: total('passed', 'xpassed'), failed: total('failed', 'error', 'errors'), skipped: total('skipped', 'xfailed'), failures: failuresIn(lines) }
  },
}

interface Section {
  readonly spot: Spot | undefined
  readonly message: string
}

function failuresIn(lines: readonly string[]): Failure[] {
  const sections = sectionsIn(lines)
  return lines.flatMap((line): Failure[] => {
    const [, node, told] = /^(?:FAILED|ERROR) (\S.*?)(?: - (.*))?$/.exec(line) ?? []
    if (node === undefined) return []
    const [file = node, ...names] = node.split('::')
    const name = names.join('.') || file
    const section = sections.get(name)
    return [{ name: names.join('::') || file, file: section?.spot?.file ?? file, ...(section?.spot ? { line: section.spot.line } : {}), message: section?.message || (told ?? '') }]
  })
}

/** What stands below `____ name ____`: the last place of the traceback that lies in the project, and the lines marked E. */
function sectionsIn(lines: readonly string[]): Map<string, Section> {
  const sections = new Map<string, Section>()
  const heads = lines.flatMap((line, at) => {
    const [, title] = /^_{3,} (.+?) _{3,}$/.exec(line) ?? []
    return title === undefined ? [] : [{ at, name: title.replace(/^ERROR (collecting|at (setup|teardown) of) /, '') }]
  })
  for (const [index, { at, name }] of heads.entries()) {
    const block = lines.slice(at + 1, heads[index + 1]?.at ?? at + 400)
    const end = block.findIndex((line) => /^=+ .* =+$/.test(line))
    const own = end < 0 ? block : block.slice(0, end)
    const spots = own.flatMap((line) => spotIn(/^(\S+\.py:\d+): /.exec(line)?.[1] ?? '') ?? [])
    const message = own.filter((line) => /^E {3}/.test(line)).map((line) => line.slice(1).trim()).join('\n')
    sections.set(name, { spot: spots.findLast(({ file }) => !file.startsWith('/')) ?? spots.at(-1), message })
  }
  return sections
}
