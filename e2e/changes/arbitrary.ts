/** Random trees and random work, with the names that break programs. */
import fc from 'fast-check'
import type { Operation } from './operations.ts'

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

const NAMES = [
  'a', 'b', 'c', 'src', 'lib', 'README', '-rf', '--help', ' ', 'two words', 'new\nline', 'tab\there', '"quoted"', 'back\\slash', '*', '~', '.hidden', '.git', 'index', 'package.json', 'con:colon,comma',
  latin1('ünïcode'), latin1('😀'), latin1('e\u0301'), '\xff\xfe', 'bad\x80utf8', 'x'.repeat(255), `${'\xf0'.repeat(254)}y`,
]

const name = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1').replace(/[\0/]/g, '_')).filter((text) => text !== '.' && text !== '..') })
const data = fc.oneof(fc.constantFrom('', 'x', 'same\n', 'line 1\nline 2\n', 'A'.repeat(5000)), fc.string({ maxLength: 50 }))
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o444, 0o640, 0o4755, 0o2755, 0o1777, 0o777)
const number = fc.nat({ max: 1000 })
const target = fc.constantFrom('a', '../b', '/nowhere/at/all', '.', 'does not exist', 'new\nline', 'y'.repeat(300))

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), folder: number, name, data, mode }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), file: number, data }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const), file: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), file: number, size: fc.constantFrom(0, 3, 100_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('chmod' as const), path: number, mode }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('utimes' as const), path: number, seconds: fc.integer({ min: 0, max: 2_000_000_000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mkdir' as const), folder: number, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('symlink' as const), folder: number, name, target }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('link' as const), file: number, folder: number, name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename' as const), path: number, folder: number, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), path: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('become' as const), path: number, what: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const) }) },
)

export const tree = fc.array(operation, { minLength: 5, maxLength: 40 })
export const work = fc.array(operation, { minLength: 1, maxLength: 15 })
