import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Summary } from '@nexus/protocol/verify'
import { plainLines } from './plain-lines.ts'
import { summarise } from './summarise.ts'

const HERE = { project: '/project', folder: '.' }
const folder = join(import.meta.dirname, 'fixtures')
const recorded = (name: string) => readFileSync(join(folder, `${name}.txt`), 'utf8')
const names = readdirSync(folder).filter((name) => name.endsWith('.txt')).map((name) => name.slice(0, -4))

const NODE = {
  runner: 'node:test', passed: 3, failed: 3, skipped: 2, partial: false,
  failures: [
    { name: 'subtracts', file: 'sum.test.js', line: 4, message: '2 == 1' },
    { name: 'deep fails', file: 'sum.test.js', line: 6, message: 'deep trouble\nsecond line' },
    { name: 'async rejects', file: 'sum.test.js', line: 11, message: 'no such thing' },
  ],
}
const JEST = {
  runner: 'jest', passed: 2, failed: 2, skipped: 2, partial: false,
  failures: [
    { name: 'subtracts', file: 'sum.test.js', line: 2, message: 'expect(received).toBe(expected) // Object.is equality\nExpected: 1\nReceived: 2' },
    { name: 'nested › deep fails', file: 'sum.test.js', line: 4, message: 'deep trouble\nsecond line' },
  ],
}
const NOT_LOADED = { name: 'broken.test.js', file: 'broken.test.js', line: 1, message: "Cannot find module './not-there.js' imported from /project/broken.test.js" }
const PYTEST = {
  runner: 'pytest', passed: 1, failed: 3, skipped: 2, partial: false,
  failures: [
    { name: 'test_subtracts', file: 'tests/test_sum.py', line: 10, message: 'assert 2 == 1\n+  where 2 = add(3, -1)' },
    { name: 'TestNested::test_deep', file: 'tests/test_sum.py', line: 14, message: 'ValueError: deep trouble\nsecond line' },
    { name: 'test_error', file: 'tests/test_sum.py', line: 26, message: 'RuntimeError: no fixture' },
  ],
}
const GO_FAILURES = [
  { name: 'example.com/sums/broken', file: 'broken/broken.go', line: 3, message: 'cannot use "x" (untyped string constant) as int value in return statement' },
  { name: 'TestSubtracts', file: 'sum_test.go', line: 13, message: 'three minus one is 2' },
  { name: 'TestNested/deep', file: 'sum_test.go', line: 18, message: 'deep trouble\nsecond line' },
  { name: 'TestPanics', file: 'deep/deep_test.go', line: 7, message: 'panic: runtime error: index out of range [3] with length 0' },
]
const GO = { runner: 'go', passed: 3, failed: 3, skipped: 1, partial: false, failures: GO_FAILURES }

const EXPECTED: Readonly<Record<string, Summary>> = {
  'node-spec': NODE, 'node-spec-color': NODE, 'node-tap': NODE,
  jest: JEST, 'jest-color': JEST, 'jest-ok': { runner: 'jest', passed: 1, failed: 0, skipped: 0, partial: false, failures: [] },
  'vitest-color': {
    runner: 'vitest', passed: 2, failed: 3, skipped: 2, partial: false,
    failures: [
      NOT_LOADED,
      { name: 'subtracts', file: 'sum.test.js', line: 3, message: 'expected 2 to be 1 // Object.is equality' },
      { name: 'nested > deep fails', file: 'sum.test.js', line: 5, message: 'deep trouble\nsecond line' },
    ],
  },
  'vitest-ok': { runner: 'vitest', passed: 1, failed: 1, skipped: 0, partial: false, failures: [NOT_LOADED] },
  pytest: { ...PYTEST, passed: 2 }, 'pytest-q': PYTEST, 'pytest-short': PYTEST,
  'pytest-ok': { runner: 'pytest', passed: 1, failed: 0, skipped: 0, partial: false, failures: [] },
  'pytest-collect': {
    runner: 'pytest', passed: 0, failed: 1, skipped: 0, partial: false,
    failures: [{ name: 'tests/test_import.py', file: 'tests/test_import.py', line: 1, message: "ModuleNotFoundError: No module named 'not_there'" }],
  },
  // Packages: without -v go names no test that passed.
  go: { ...GO, passed: 1, failed: 3, skipped: 0 }, 'go-v': GO, 'go-json': GO,
  'go-json-ok': { runner: 'go', passed: 1, failed: 0, skipped: 0, partial: false, failures: [] },
  cargo: {
    runner: 'cargo', passed: 3, failed: 3, skipped: 1, partial: false,
    failures: [
      { name: 'tests::panics', file: 'src/lib.rs', line: 18, message: 'test did not panic as expected' },
      { name: 'tests::subtracts', file: 'src/lib.rs', line: 12, message: 'assertion `left == right` failed: three minus one\nleft: 2\nright: 1' },
      { name: 'deep', file: 'tests/outer.rs', line: 2, message: 'deep trouble\nsecond line' },
    ],
  },
  'cargo-ok': { runner: 'cargo', passed: 1, failed: 0, skipped: 0, partial: false, failures: [] },
  'cargo-compile': { runner: 'cargo', passed: 0, failed: 0, skipped: 0, partial: false, failures: [{ name: 'E0308', file: 'src/lib.rs', line: 20, message: 'mismatched types' }] },
}

test('every recorded output has an expectation', () => {
  expect(names.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
})

test.each(names)('%s', (name) => {
  expect(summarise(recorded(name), HERE)).toEqual(EXPECTED[name])
})

test.each(names)('%s with the line ends of a terminal', (name) => {
  expect(summarise(recorded(name).replaceAll('\n', '\r\n'), HERE)).toEqual(EXPECTED[name])
})

test.each(names)('%s torn anywhere: never an error, never more than there was', (name) => {
  const whole = recorded(name)
  const most = EXPECTED[name]
  for (let at = 0; at < whole.length; at += 7) {
    for (const torn of [whole.slice(0, at), whole.slice(at)]) {
      const summary = summarise(torn, HERE, true)
      if (summary === null) continue
      expect(summary.partial).toBe(true)
      // Of a torn JSON stream fewer tests are known to be parents of others.
      if (!name.startsWith('go')) expect(summary.passed).toBeLessThanOrEqual(most?.passed ?? 0)
      expect(summary.failures.length).toBeLessThanOrEqual((most?.failures.length ?? 0) + 1)
    }
  }
})

test.each([' FAIL  |unit| src/a.test.ts > adds', '\u001B[41m\u001B[1m FAIL \u001B[22m\u001B[49m \u001B[30m\u001B[42m unit \u001B[49m\u001B[39m src/a.test.ts > adds'])('vitest names the project of a test before its file: %j', (head) => {
  const text = `${head}\nAssertionError: no\n ❯ src/a.test.ts:3:1\n\n Test Files  1 failed (1)\n      Tests  1 failed (1)\n`
  expect(summarise(text, HERE)?.failures).toEqual([{ name: 'adds', file: 'src/a.test.ts', line: 3, message: 'no' }])
})

test('two runners in one output are counted together', () => {
  const both = summarise(recorded('jest-ok') + recorded('pytest-ok'), HERE)
  expect(both).toEqual({ runner: 'jest + pytest', passed: 2, failed: 0, skipped: 0, partial: false, failures: [] })
})

test('the panics of older Rust', () => {
  const text = "running 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\nthread 'a' panicked at 'no luck', src/a.rs:3:5\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
  expect(summarise(text, HERE)?.failures).toEqual([{ name: 'a', file: 'src/a.rs', line: 3, message: 'no luck' }])
})

test('go build and go vet name what does not compile', () => {
  expect(summarise('# example.com/x\n./a.go:5:2: undefined: y\nvet: ./b.go:1:1: no\n', HERE)).toEqual({
    runner: 'go', passed: 0, failed: 0, skipped: 0, partial: false,
    failures: [{ name: 'example.com/x', file: 'a.go', line: 5, message: 'undefined: y' }, { name: 'example.com/x', file: 'b.go', line: 1, message: 'no' }],
  })
})

test('files are told from the project, wherever in it the runner ran', () => {
  const inside = summarise(recorded('pytest'), { project: '/', folder: 'services/api' })
  expect(inside?.failures[0]?.file).toBe('services/api/tests/test_sum.py')
  expect(summarise(recorded('vitest-ok').replaceAll('broken.test.js:', 'file:///project/web/a.js:'), HERE)?.failures[0]?.file).toBe('web/a.js')
})

test('output that nobody understands is nobody’s', () => {
  for (const text of ['', 'ok\n', 'Tests: all good\n', 'FAIL\n', '1 passed\n', '# pass many\n', 'make: *** [all] Error 2\n', '\u001B]0;'.repeat(1000)]) expect(summarise(text, HERE)).toBeNull()
})

test('huge and hostile output takes no time worth naming and keeps its failures few and short', () => {
  const failing = `not ok 1 - ${'x'.repeat(10_000)}\n  ---\n  error: '${'y'.repeat(10_000)}'\n  ...\n`
  const lines = `TAP version 13\n${failing.repeat(300)}# pass 0\n# fail 300\n`
  const summary = summarise(lines, HERE)
  expect(summary).toMatchObject({ failed: 300, passed: 0 })
  expect(summary?.failures).toHaveLength(20)
  expect(summary?.failures.every(({ name, message }) => name.length <= 300 && message.length <= 1000)).toBe(true)
  for (const long of ['a'.repeat(2_000_000), '(1:'.repeat(700_000), '\u001B['.repeat(700_000), '--- FAIL: '.repeat(200_000), ' FAIL  > '.repeat(200_000), '{"'.repeat(500_000)]) {
    expect(summarise(`${long}\n${long}`, HERE)).toBeNull()
  }
})

test('plain lines: what a person sees of progress bars, colours and titles', () => {
  expect(plainLines('\u001B[31mred\u001B[0m\r\n10%\r50%\r100%\n\u001B]0;title\u0007shown\n\u001B]52;c;QQ==\u001B\\also\ntorn\u001B[3')).toEqual(['red', '100%', 'shown', 'also', 'torn3'])
})
