import type { Failure } from '@nexus/protocol/verify'
import { spotIn, sum, type Runner } from './runner.ts'

/** node:test without a terminal, before Node 20: TAP, with a block of YAML below each test. Totals stand at the end. */
export const nodeTap: Runner = {
  name: 'node:test',
  read(lines) {
    const totals = new Map<string, number[]>()
    for (const line of lines) {
      const [, word, number] = /^# (tests|pass|fail|cancelled|skipped|todo) (\d{1,9})$/.exec(line) ?? []
      if (word === undefined) continue
      const numbers = totals.get(word) ?? []
      totals.set(word, numbers)
      numbers.push(Number(number))
    }
    if (!totals.has('pass') || !totals.has('fail')) return null
    const total = (...words: string[]) => sum(words.flatMap((word) => totals.get(word) ?? []))
    return { passed: total('pass'), failed: total('fail', 'cancelled'), skipped: total('skipped', 'todo'), failures: failuresIn(lines) }
  },
}

function failuresIn(lines: readonly string[]): Failure[] {
  const failures: Failure[] = []
  for (const [at, line] of lines.entries()) {
    const [, indent = '', name] = /^( *)not ok \d+(?: - (.*))?$/.exec(line) ?? []
    if (name === undefined || /# (TODO|SKIP)\b/.test(name)) continue
    const block = blockAfter(lines, at, indent)
    // A suite fails because of what is in it, which is told by itself.
    if (valueOf(block, 'failureType') === 'subtestsFailed') continue
    const spot = spotIn(valueOf(block, 'location') ?? '')
    failures.push({ name, ...spot, message: messageOf(block) })
  }
  return failures
}

/** The lines between `---` and `...`, without their indentation. */
function blockAfter(lines: readonly string[], at: number, indent: string): string[] {
  const inner = `${indent}  `
  if (lines[at + 1] !== `${inner}---`) return []
  const block: string[] = []
  for (let index = at + 2; index < lines.length && lines[index] !== `${inner}...` && block.length < 500; index += 1) block.push((lines[index] ?? '').slice(inner.length))
  return block
}

function valueOf(block: readonly string[], key: string): string | undefined {
  const line = block.find((one) => one.startsWith(`${key}: `))
  return line?.slice(key.length + 2).replace(/^'(.*)'$/, '$1').replaceAll("''", "'")
}

function messageOf(block: readonly string[]): string {
  const value = valueOf(block, 'error') ?? ''
  if (!/^[|>]-?$/.test(value)) return value
  const at = block.findIndex((line) => line.startsWith('error: '))
  const text: string[] = []
  for (const line of block.slice(at + 1)) {
    if (!line.startsWith('  ') && line !== '') break
    text.push(line.slice(2))
  }
  return text.join('\n').trim()
}
