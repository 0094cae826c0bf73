import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { markedText, mergedText, splitLines, threeWay, type Region } from './three-way.ts'

const regionsOf = (base: string, host: string, run: string): Region[] => threeWay(splitLines(base), splitLines(host), splitLines(run)) ?? []
const merge = (base: string, host: string, run: string) => mergedText(regionsOf(base, host, run))
const side = (regions: readonly Region[], name: 'base' | 'host' | 'run') => regions.flatMap((region) => region[name]).join('')
const FIVE = 'one\ntwo\nthree\nfour\nfive\n'

test.each<[name: string, base: string, host: string, run: string, merged: string | null]>([
  ['edits in different places', FIVE, 'ONE\ntwo\nthree\nfour\nfive\n', 'one\ntwo\nthree\nfour\nFIVE\n', 'ONE\ntwo\nthree\nfour\nFIVE\n'],
  ['only one side changed', FIVE, FIVE, 'one\n', 'one\n'],
  ['the same change on both sides', FIVE, 'one\n2\nthree\nfour\nfive\n', 'one\n2\nthree\nfour\nfive\n', 'one\n2\nthree\nfour\nfive\n'],
  ['the same change, and another one', FIVE, 'one\n2\nthree\nfour\nfive\nsix\n', 'one\n2\nthree\nfour\nfive\n', 'one\n2\nthree\nfour\nfive\nsix\n'],
  ['one line changed to two things', FIVE, 'one\n2\nthree\nfour\nfive\n', 'one\nII\nthree\nfour\nfive\n', null],
  ['neighbouring lines: nothing stands between them', FIVE, 'one\n2\nthree\nfour\nfive\n', 'one\ntwo\n3\nfour\nfive\n', null],
  ['both add at the end', FIVE, `${FIVE}six\n`, `${FIVE}seven\n`, null],
  ['one deletes what the other changes', FIVE, 'one\ntwo\nfour\nfive\n', 'one\ntwo\n3\nfour\nfive\n', null],
  ['a line end is part of its line', 'a\r\nb\r\nc\r\n', 'A\r\nb\r\nc\r\n', 'a\r\nb\r\nC\r\n', 'A\r\nb\r\nC\r\n'],
  ['all line ends turned, one line edited', 'a\nb\nc\n', 'a\r\nb\r\nc\r\n', 'a\nB\nc\n', null],
  ['no line end at the end stays none', 'a\nb\nc', 'A\nb\nc', 'a\nb\nC', 'A\nb\nC'],
  ['one side ends the last line', 'a\nb\nc', 'a\nb\nc\n', 'A\nb\nc', 'A\nb\nc\n'],
  ['bytes that are no UTF-8', 'a\n\xff\xfe\nc\nd\n', 'a\n\xff\xfe\nc\nD\xf0\n', '\x80\n\xff\xfe\nc\nd\n', '\x80\n\xff\xfe\nc\nD\xf0\n'],
  ['an empty side', 'a\n', '', 'a\n', ''],
  ['nothing at all to begin with', '', 'a\n', 'b\n', null],
])('%s', (_, base, host, run, merged) => {
  expect(merge(base, host, run)).toBe(merged)
  expect(merge(base, run, host)).toBe(merged)
})

test('markers say whose lines are whose, and stand on lines of their own', () => {
  const regions = regionsOf('a\nb\nc', 'a\nmine', 'a\nb\ntheirs')
  expect(markedText(regions, { host: 'the host', base: 'what the run saw', run: 'the run' })).toBe('a\n<<<<<<< the host\nmine\n||||||| what the run saw\nb\nc\n=======\nb\ntheirs\n>>>>>>> the run\n')
})

test('texts too far apart are not compared', () => {
  const lines = (word: string) => Array.from({ length: 5000 }, (_, at) => `${word} ${at}\n`).join('')
  expect(threeWay(splitLines(lines('a')), splitLines(lines('b')), splitLines(lines('a')))).toBeNull()
})

const line = fc.constantFrom('a', 'b', 'c', '', '}', '\r', '  x', '\xff')
const text = fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean()).map(([lines, isEnded]) => lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : ''))

describe('of any three texts', () => {
  test('the regions are the three texts again: no line of a side is lost', () => {
    fc.assert(fc.property(text, text, text, (base, host, run) => {
      const regions = regionsOf(base, host, run)
      expect([side(regions, 'base'), side(regions, 'host'), side(regions, 'run')]).toEqual([base, host, run])
    }), { numRuns: 2000 })
  })

  test('a clean merge takes every change of either side, and no other', () => {
    fc.assert(fc.property(text, text, text, (base, host, run) => {
      const regions = regionsOf(base, host, run)
      for (const { kind, base: was, host: mine, run: theirs } of regions) {
        if (kind === 'same' || kind === 'run') expect(mine).toEqual(was)
        if (kind === 'same' || kind === 'host') expect(theirs).toEqual(was)
        if (kind === 'both') expect(mine).toEqual(theirs)
      }
      const merged = mergedText(regions)
      if (merged !== null) expect(merged).toBe(regions.flatMap(({ kind, host: mine, run: theirs }) => (kind === 'run' ? theirs : mine)).join(''))
    }), { numRuns: 2000 })
  })

  test('host and run may change places', () => {
    fc.assert(fc.property(text, text, text, (base, host, run) => {
      expect(merge(base, run, host)).toBe(merge(base, host, run))
    }), { numRuns: 1000 })
  })

  test('one side alone wins, and the same text on both sides stays', () => {
    fc.assert(fc.property(text, text, (base, other) => {
      expect([merge(base, base, other), merge(base, other, base), merge(base, other, other)]).toEqual([other, other, other])
    }), { numRuns: 1000 })
  })
})

test('edits in disjoint places: merged is what applying both gives', () => {
  // Every line is of its own, so that there is one way only to see what changed. Each edit replaces, drops or adds.
  const edit = fc.record({ side: fc.constantFrom('host', 'run'), how: fc.constantFrom('replace', 'drop', 'add') })
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), fc.nat({ max: 3 }), (edits, gap) => {
    const texts = { base: '', host: '', run: '', both: '' }
    const put = (names: readonly (keyof typeof texts)[], words: string) => { for (const name of names) texts[name] += `${words}\n` }
    put(['base', 'host', 'run', 'both'], 'top')
    for (const [at, { side: of, how }] of edits.entries()) {
      const other = of === 'host' ? 'run' : 'host'
      const mine = of === 'host' ? 'host' : 'run'
      put(how === 'add' ? ['base', other, mine, 'both'] : ['base', other], `line ${at}`)
      if (how !== 'drop') put([mine, 'both'], `edit ${at}`)
      for (let more = 0; more <= gap; more += 1) put(['base', 'host', 'run', 'both'], `between ${at} ${more}`)
    }
    expect(merge(texts.base, texts.host, texts.run)).toBe(texts.both)
  }), { numRuns: 1000 })
})
