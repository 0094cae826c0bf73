import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Screen } from './screen.ts'

const utf8 = new TextEncoder()
function shown(...pieces: (string | Uint8Array)[]): Screen {
  const screen = new Screen()
  for (const piece of pieces) screen.write('stdout', typeof piece === 'string' ? utf8.encode(piece) : piece)
  return screen
}
const texts = (screen: Screen) => screen.lines().map(({ spans }) => spans.map(({ text }) => text).join(''))
const spans = (text: string) => shown(text).lines().flatMap((line) => line.spans)

test('lines, a returning carriage, a backspace, a tab, an erased rest', () => {
  expect(texts(shown('one\ntwo\r\nthree'))).toEqual(['one', 'two', 'three'])
  expect(texts(shown('10%\r100%\n'))).toEqual(['100%'])
  expect(texts(shown('abcdef\rxy\u001B[K\n'))).toEqual(['xy'])
  expect(texts(shown('ab\bc\ta\n'))).toEqual(['ac      a'])
  expect(texts(shown('long words\u001B[2K\rnew\n'))).toEqual(['new'])
})

test('colours and weights', () => {
  expect(spans('\u001B[1;31mred\u001B[0m plain')).toEqual([{ text: 'red', style: { bold: true, ink: 1 } }, { text: ' plain', style: {} }])
  expect(spans('\u001B[38;5;196ma\u001B[38;2;1;2;3mb\u001B[48:5:240mc\u001B[92md\u001B[39;49me')).toEqual([
    { text: 'a', style: { ink: [255, 0, 0] } }, { text: 'b', style: { ink: [1, 2, 3] } }, { text: 'c', style: { ink: [1, 2, 3], paper: [88, 88, 88] } }, { text: 'd', style: { ink: 10, paper: [88, 88, 88] } }, { text: 'e', style: {} },
  ])
  expect(spans('\u001B[38;2;999;0ma')).toEqual([{ text: 'a', style: { ink: [255, 0, 0] } }])
})

test('what could command a terminal or a page is gone, and nothing else', () => {
  const hostile = 'a\u001B]0;title\u0007b\u001B]52;c;AAAA\u001B\\c\u001B[2J\u001B[10;10Hd\u001BP+q\u001B\\e\u001B[?1049hf\u0007g\u009Bh<img src=x onerror=alert(1)>'
  expect(texts(shown(hostile))).toEqual(['abcdefgh<img src=x onerror=alert(1)>'])
})

test('a sequence or a character that was cut in two is whole again', () => {
  const bytes = utf8.encode('\u001B[32mgrün ✓\u001B[0m!\n')
  const whole = shown(bytes).lines()
  for (let at = 0; at <= bytes.length; at += 1) expect(shown(bytes.subarray(0, at), bytes.subarray(at)).lines()).toEqual(whole)
})

test('a sequence that never ends swallows nothing for ever', () => {
  expect(texts(shown(`\u001B]0;${'x'.repeat(10_000)}\nafter`)).at(-1)).toBe('after')
})

test('whatever comes, however it is cut, the text is that of the whole, without control characters', () => {
  const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\u001B[', '\u001B[31m', '\u001B]', '\u0007', '\n', '\r', '\u001B[K', '\t', '\u001B'))
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 0, max: 200 }), (pieces, at) => {
    const bytes = utf8.encode(pieces.join(''))
    const cut = shown(bytes.subarray(0, at), bytes.subarray(at))
    expect(texts(cut)).toEqual(texts(shown(bytes)))
    for (const text of texts(cut)) expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/)
  }))
})

test('old lines are counted and let go; a line has an end', () => {
  const screen = shown('line\n'.repeat(20_000))
  expect(screen.lines().length + screen.dropped).toBe(20_000)
  expect(screen.lines().length).toBeLessThan(6001)
  expect(texts(shown('x'.repeat(100_000)))[0]?.length).toBeLessThan(5000)
})
