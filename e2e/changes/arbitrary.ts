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

/** What other suites do without: holes, and times before 1970 and after 2106. */
const rareOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: operation },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sparse' as const), folder: number, name, at: fc.array(fc.constantFrom(0, 1, 4095, 70_000, 1_048_576), { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('utimes' as const), path: number, seconds: fc.constantFrom(-1, -86_400, 0, 4_294_967_296, 8_589_934_592) }) },
)
/** Extended attributes and pipes: other programs must be started for them, so they come in few cases, and there in numbers. */
const slowOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: rareOperation },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('attribute' as const), path: number, name: fc.constantFrom('user.a', 'user.b', 'user.overlay', 'user.overlays.x'), value: fc.constantFrom('', 'x', 'a longer value', '0x00ff00', null) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fifo' as const), folder: number, name: fc.constantFrom('pipe', 'a', 'src') }) },
)
const some = (one: fc.Arbitrary<Operation>, minLength: number, maxLength: number) => fc.array(one, { minLength, maxLength })

/** The tree before, and two runs. */
export const story = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(some(rareOperation, 5, 40), some(rareOperation, 1, 20), some(rareOperation, 1, 20)) },
  { weight: 1, arbitrary: fc.tuple(some(slowOperation, 5, 25), some(slowOperation, 1, 20), some(slowOperation, 1, 20)) },
)
export const tree = fc.array(operation, { minLength: 5, maxLength: 40 })
export const work = fc.array(operation, { minLength: 1, maxLength: 15 })
