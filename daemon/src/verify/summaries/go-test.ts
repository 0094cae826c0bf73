import type { Failure } from '@nexus/protocol/verify'
import type { Counted, Runner } from './runner.ts'

/**
 * go test. With -v or -json every test is counted; plain output names only tests that failed, so there packages are
 * counted. -json is turned back into the text of -v, package by package.
 */
export const goTest: Runner = {
  name: 'go',
  read(lines) {
    const sections = sectionsOf(textOf(lines))
    const errors = compileErrors(lines)
    // Also `go build` and `go vet`, which have nothing to count.
    if (sections.length === 0) return errors.length === 0 ? null : { passed: 0, failed: 0, skipped: 0, failures: errors }
    const verbose = sections.some(({ tests }) => [...tests.values()].some(({ ran }) => ran))
    const counts = verbose ? byTest(sections) : byPackage(sections)
    return { ...counts, failures: [...errors, ...sections.flatMap(failuresOf)] }
  },
}

interface Test {
  outcome?: string
  /** Announced by `=== RUN`. */
  ran: boolean
  readonly told: string[]
}

interface Section {
  readonly tests: ReadonlyMap<string, Test>
  readonly passed: boolean
}

function textOf(lines: readonly string[]): readonly string[] {
  const packages = new Map<string, string>()
  for (const line of lines) {
    if (!line.startsWith('{"')) continue
    const event = eventIn(line)
    if (event?.Action === 'output') packages.set(event.Package ?? '', (packages.get(event.Package ?? '') ?? '') + (event.Output ?? ''))
  }
  if (packages.size === 0) return lines
  return [...lines.filter((line) => !line.startsWith('{"')), ...[...packages.values()].flatMap((text) => text.split('\n'))]
}

function eventIn(line: string): { Action?: string; Package?: string; Output?: string } | null {
  try {
    return JSON.parse(line) as { Action?: string; Package?: string; Output?: string }
  } catch {
    // Torn by the limit of what is read, or a line that the program itself printed.
    return null
  }
}

/** A package's lines end with `ok` or `FAIL` and its name. */
function sectionsOf(lines: readonly string[]): Section[] {
  const sections: Section[] = []
  let tests = new Map<string, Test>()
  let current: Test | undefined
  const test = (name: string): Test => {
    const known = tests.get(name) ?? { ran: false, told: [] }
    tests.set(name, known)
    return known
  }
  for (const line of lines) {
    const end = /^(ok  |FAIL|---)\t\S+/.exec(line)
    const [, outcome, name] = /^ *--- (PASS|FAIL|SKIP): (.+?) \([\d.]+s\)$/.exec(line) ?? []
    const [, begun] = /^=== (?:RUN|CONT|NAME) +(\S+)$/.exec(line) ?? []
    if (end) {
      sections.push({ tests, passed: end[1] === 'ok  ' })
      tests = new Map()
      current = undefined
    } else if (outcome !== undefined && name !== undefined) {
      current = test(name)
      current.outcome = outcome
    } else if (begun !== undefined) {
      current = test(begun)
      current.ran = true
    } else current?.told.push(line)
  }
  return sections
}

function byTest(sections: readonly Section[]): Omit<Counted, 'failures'> {
  const outcomes = sections.flatMap(({ tests }) => leaves(tests).map(([, { outcome }]) => outcome))
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length
  return { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP') }
}

function byPackage(sections: readonly Section[]): Omit<Counted, 'failures'> {
  const passed = sections.filter((section) => section.passed).length
  return { passed, failed: sections.length - passed, skipped: 0 }
}

function failuresOf({ tests }: Section): Failure[] {
  return leaves(tests).filter(([, { outcome }]) => outcome === 'FAIL').map(([name, { told }]) => ({ name, ...placeIn(told) }))
}

/** A test with subtests fails because of them. */
function leaves(tests: ReadonlyMap<string, Test>): [string, Test][] {
  const parents = new Set([...tests.keys()].flatMap((name) => name.split('/').slice(0, -1).map((_, at, names) => names.slice(0, at + 1).join('/'))))
  return [...tests].filter(([name]) => !parents.has(name))
}

/** `    sum_test.go:13: message`, and what is indented further below it; or a panic with its stack. */
function placeIn(told: readonly string[]): { file?: string; line?: number; message: string } {
  for (const [at, line] of told.entries()) {
    const [, indent = '', file, number, message] = /^( +)(\S+\.go):(\d{1,7}): ?(.*)$/.exec(line) ?? []
    if (file !== undefined) return { file, line: Number(number), message: [message ?? '', ...deeper(told.slice(at + 1), indent)].join('\n') }
    if (!line.startsWith('panic: ')) continue
    const [, place, where] = told.slice(at).map((one) => /^\t(\S+_test\.go):(\d{1,7})(?: |$)/.exec(one)).find((match) => match !== null) ?? []
    return { ...(place === undefined ? {} : { file: place, line: Number(where) }), message: line.replace(/ \[recovered\]$/, '') }
  }
  return { message: told[0]?.trim() ?? '' }
}

function deeper(lines: readonly string[], indent: string): string[] {
  const end = lines.findIndex((line) => !line.startsWith(`${indent} `))
  return (end < 0 ? lines : lines.slice(0, end)).slice(0, 20).map((line) => line.trim())
}

function compileErrors(lines: readonly string[]): Failure[] {
  if (!lines.some((line) => /^# \S/.test(line))) return []
  let name = ''
  return lines.flatMap((line): Failure[] => {
    name = /^# (\S+)/.exec(line)?.[1] ?? name
    const [, file, number, message] = /^(?:vet: )?(\S+\.go):(\d{1,7}):\d+: (.+)$/.exec(line) ?? []
    return file === undefined ? [] : [{ name: name || 'does not compile', file, line: Number(number), message: message ?? '' }]
  })
}
