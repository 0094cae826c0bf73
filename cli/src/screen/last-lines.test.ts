import { expect, test } from 'vitest'
import { LastLines } from './last-lines.ts'

function last(wanted: number, ...chunks: string[]): string {
  const lines = new LastLines<'out'>(wanted)
  for (const chunk of chunks) lines.add('out', Buffer.from(chunk))
  return lines.take().map(({ bytes }) => bytes.toString()).join('')
}

test('so many lines from the end, whatever the chunks were; an open line counts', () => {
  expect(last(2, 'a\nb', '\nc\n')).toBe('b\nc\n')
  expect(last(2, 'a\nb\nc')).toBe('b\nc')
  expect(last(5, 'a\nb\n')).toBe('a\nb\n')
  expect(last(0, 'a\n')).toBe('')
  expect(last(1, '\n\n')).toBe('\n')
})

test('each line keeps its stream', () => {
  const lines = new LastLines<string>(2)
  for (const [stream, text] of [['out', 'a\nb'], ['err', 'c\n'], ['err', 'd']] as const) lines.add(stream, Buffer.from(text))
  expect(lines.take().map(({ stream, bytes }) => [stream, bytes.toString()])).toEqual([['err', 'c\n'], ['err', 'd']])
})

test('of very many lines only the last are kept', () => {
  expect(last(2, ...Array.from({ length: 10_000 }, (_, at) => `${at}\n`))).toBe('9998\n9999\n')
})
