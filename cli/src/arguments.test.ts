import { expect, test } from 'vitest'
import { durationMs, ownWords, parse } from './arguments.ts'
import { COMMANDS } from './commands/index.ts'

const spec = (name: string) => COMMANDS.find((one) => one.name === name)!
const words = (name: string, ...args: string[]) => parse(spec(name), args)
const usage = (what: RegExp) => expect.objectContaining({ code: 'usage', message: expect.stringMatching(what) })

test("run: Nexus' options end at the first word that is no option, or at --", () => {
  expect(words('run', '--timeout', '10m', '--json', 'ls', '--all', '-l')).toMatchObject({ options: { timeout: '10m', json: true }, words: ['ls', '--all', '-l'] })
  expect(words('run', '--apply', '--', '--weird', '--json')).toMatchObject({ words: ['--weird', '--json'], options: { apply: true } })
  expect(words('run', 'echo', '--', 'x').words).toEqual(['echo', '--', 'x'])
  expect(words('run', '--net=on', 'curl -s x').words).toEqual(['curl -s x'])
})

test('run without a command says what it needs', () => {
  expect(() => words('run')).toThrow(usage(/needs/))
  expect(() => words('run', '--apply', '--')).toThrow(usage(/needs/))
})

test('other commands take options anywhere', () => {
  expect(words('show', 'rabcd', '--json')).toMatchObject({ words: ['rabcd'], options: { json: true } })
  expect(words('diff', 'rabcd', '--', '--strange name').words).toEqual(['rabcd', '--strange name'])
})

test('what does not fit is named', () => {
  expect(() => words('show', 'a', 'b')).toThrow(usage(/does not take "b"/))
  expect(() => words('show', '--nope', 'a')).toThrow(usage(/there is no option '--nope'/))
  expect(() => words('run', '--timeout')).toThrow(usage(/timeout/))
})

test('the words of the command are not ours: --json, --help and the like', () => {
  expect(ownWords(spec('run'), ['--timeout', '10m', '--json', 'jq', '--help'])).toEqual(['--timeout', '10m', '--json'])
  expect(ownWords(spec('run'), ['--', 'jq', '--json'])).toEqual([])
  expect(ownWords(spec('show'), ['rabcd', '--json'])).toEqual(['rabcd', '--json'])
  expect(ownWords(undefined, ['x', '--', '--json'])).toEqual(['x'])
})

test('durations', () => {
  expect(['1500ms', '90s', '10m', '1.5h', '7'].map((text) => durationMs(text, 'run'))).toEqual([1500, 90_000, 600_000, 5_400_000, 7000])
  for (const text of ['', '0', '-1s', '10 m', 'm', '1d', '1e3', 'NaN']) expect(() => durationMs(text, 'run')).toThrow(usage(/duration/))
})

test('what is missing is named, without what may be left out', () => {
  expect(() => words('run')).toThrow("needs a command, as in: nexus run 'date > hello.txt'")
  expect(() => words('pin')).toThrow(/needs RUN$/)
  expect(() => words('diff')).toThrow(/needs RUN$/)
})
