import { expect, test } from 'vitest'
import { ShellGuard } from './shell-guard.ts'
import { TerminalText } from './terminal-text.ts'

const ESC = '\u001B'

function shown(text: string | Uint8Array, colours = true): string {
  const terminal = new TerminalText({ colours })
  return terminal.take(typeof text === 'string' ? Buffer.from(text) : text) + terminal.end()
}

/** The same, byte by byte. */
function drop(text: string): string {
  const terminal = new TerminalText({ colours: true })
  return [...Buffer.from(text)].map((byte) => terminal.take(Buffer.from([byte]))).join('') + terminal.end()
}

/** What reaches beyond the lines of its own: each must not leave as it came. */
const HOSTILE: Readonly<Record<string, string>> = {
  'clipboard': `${ESC}]52;c;ZXZpbA==\u0007`, 'clipboard, other end': `${ESC}]52;c;ZXZpbA==${ESC}\\`, 'title': `${ESC}]0;owned\u0007`, 'link': `${ESC}]8;;http://evil\u0007text${ESC}]8;;\u0007`,
  'where am I': `${ESC}[6n`, 'who are you': `${ESC}[c`, 'secondary': `${ESC}[>c`, 'report the title': `${ESC}[21t`, 'settings': `${ESC}P$qm${ESC}\\`, 'download': `${ESC}]1337;File=name=YQ==:YQ==\u0007`,
  'graphics': `${ESC}_Ga=T,t=f;L2V0Yy9wYXNzd2Q=${ESC}\\`, 'private': `${ESC}^x${ESC}\\`, 'string': `${ESC}Xx${ESC}\\`, 'other screen': `${ESC}[?1049h`, 'mouse': `${ESC}[?1003h`, 'paste': `${ESC}[?2004h`,
  'reset': `${ESC}c`, 'soft reset': `${ESC}[!p`, 'clear': `${ESC}[2J`, 'scrollback': `${ESC}[3J`, 'home': `${ESC}[H`, 'up': `${ESC}[9A`, 'line drawing': `${ESC}(0`, 'shift out': '\u000E', 'bell': '\u0007',
  'C1 sequence': '\u009B2J', 'C1 string': '\u009D52;c;eA==\u009C', 'repeat': `${ESC}[99999999b`, 'keys': `${ESC}[>4;2m`, 'delete': '\u007F', 'reversed': '\u202Etxt.exe', 'answer': '\u0005', 'media': `${ESC}[5i`, 'torn': `${ESC}[31`,
}

test.each(Object.entries(HOSTILE))('%s: seen, not obeyed, in one piece and in many', (_, text) => {
  for (const result of [shown(`a${text}b`), drop(`a${text}b`)]) {
    // eslint-disable-next-line no-control-regex
    expect(result).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/)
    expect(result).toMatch(/^a.*b$/)
    expect(result.length).toBeGreaterThan(text.length)
  }
})

test('text, colours and lines drawn anew pass', () => {
  const fine = `naïve 日本語 🚀\tx\r\n${ESC}[31mred${ESC}[0m ${ESC}[1;38:2::1:2:3mtrue${ESC}[m 10%\r${ESC}[K20%\b\b`
  expect(shown(fine)).toBe(`${fine}${ESC}[0m`)
  expect(drop(fine)).toBe(`${fine}${ESC}[0m`)
  expect(shown('plain\n')).toBe('plain\n')
  expect(shown(`${ESC}[31mred${ESC}[0m`, false)).toBe('red')
})

test('bytes that are no UTF-8 become a sign for that, also the one that begins a sequence in other encodings', () => {
  expect(shown(Buffer.from([0x61, 0xff, 0x9b, 0x32, 0x4a]))).toBe('a\uFFFD\uFFFD2J')
})

test('long and endless sequences take no time worth naming', () => {
  for (const text of [`${ESC}[`.repeat(500_000), `${ESC}[${'1;'.repeat(1_000_000)}`, `${ESC}]${'x'.repeat(2_000_000)}`, ESC.repeat(1_000_000)]) expect(shown(text)).not.toContain(ESC)
})

function guarded(pieces: readonly (string | Uint8Array)[]): string {
  const guard = new ShellGuard()
  return Buffer.concat(pieces.map((piece) => guard.take(typeof piece === 'string' ? Buffer.from(piece) : piece))).toString()
}

const BEYOND = ['clipboard', 'clipboard, other end', 'report the title', 'settings', 'download', 'graphics', 'private', 'string', 'C1 string']

test.each(BEYOND)('a shell: %s does not pass, in one piece and in many', (name) => {
  const text = HOSTILE[name] ?? ''
  expect(guarded([`a${text}b`])).toBe('ab')
  expect(guarded([...Buffer.from(`a${text}b`)].map((byte) => Buffer.from([byte])))).toBe('ab')
})

/** Terminals execute a control in the middle of a sequence, skip zeros in front of a number, and know CSI as one character. */
test.each(Object.entries({
  'clipboard': `${ESC}\0]52;c;ZXZpbA==\u0007`, 'clipboard, deleted': `${ESC}\u007F\u007F]52;c;ZXZpbA==${ESC}\\`, 'settings': `${ESC}\u0001P$qm${ESC}\\`, 'title, controls': `${ESC}\0[2\u00071\u007Ft`, 'title, one character': '\u009B21t',
  'title, zeros': `${ESC}[${'0'.repeat(100)}21t`, 'title, thousands of zeros': `${ESC}[${'0'.repeat(5000)}21t`, 'title, parts': `${ESC}[21:0t`, 'printer': `${ESC}[5i`,
}))('a shell: %s, written in another way, does not pass either', (_, text) => {
  expect(guarded([`a${text}b`])).toBe('ab')
  expect(guarded([...Buffer.from(`a${text}b`)].map((byte) => Buffer.from([byte])))).toBe('ab')
})

test('a shell: modes and questions are known however they are written', () => {
  const guard = new ShellGuard()
  guard.take(Buffer.from(`\u009B?1003h${ESC}[?1049\0h`))
  expect(guard.end().toString()).toContain(`${ESC}[?1003l${ESC}[?1049l`)
  guard.take(Buffer.from('\u009B6n'))
  expect(guard.hasAsked).toBe(true)
})

test('a shell: what editors need passes, byte for byte', () => {
  const editor = `${ESC}[?1049h${ESC}[22;0;0t${ESC}]0;vim\u0007${ESC}[2J${ESC}[H${ESC}[38;5;1mé日${ESC}[6n${ESC}]8;;http://a${ESC}\\link${ESC}]8;;${ESC}\\${ESC}(B${ESC}[?1049l`
  expect(guarded([editor])).toBe(editor)
  expect(guarded([...Buffer.from(editor)].map((byte) => Buffer.from([byte])))).toBe(editor)
  const guard = new ShellGuard()
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x1b))
  expect(guard.take(Buffer.concat([bytes, Buffer.from('.')])).equals(Buffer.concat([bytes, Buffer.from('.')]))).toBe(true)
})

test('a shell: at the end the modes that it left are taken back, the others are not touched', () => {
  const guard = new ShellGuard()
  guard.take(Buffer.from(`${ESC}[?1049h${ESC}[?25l${ESC}[?1000;1006h${ESC}[?2004h${ESC}[?2004l`))
  const usual = new ShellGuard().end().toString()
  // Scroll region, insert mode, character sets, colours; and nothing below the cursor stays.
  expect(usual).toBe(`${ESC}[!p${ESC}7${ESC}[r${ESC}8${ESC}(B\u000f${ESC}[?7h${ESC}[0 q${ESC}[0m${ESC}[23;0t${ESC}[J`)
  expect(guard.end().toString()).toBe(`${ESC}[?1049l${ESC}[?25h${ESC}[?1000l${ESC}[?1006l${usual}`)
})

test('a shell: our own words begin on a line of their own', () => {
  const ends = (text: string) => { const guard = new ShellGuard(); guard.take(Buffer.from(text)); return guard.end().toString().includes('\r\n') }
  expect([ends('prompt$ '), ends('line\r\n'), ends(`line\n${ESC}[?2004l${ESC}(B`), ends(`line${ESC}[0m`), ends('')]).toEqual([true, false, false, true, false])
})

test('a shell: a string without an end holds nothing up for long and passes never', () => {
  const guard = new ShellGuard()
  let passed = ''
  for (let n = 0; n < 100; n += 1) passed += guard.take(Buffer.from(n === 0 ? `a${ESC}]52;c;` : 'A'.repeat(1000))).toString()
  expect(passed + guard.take(Buffer.from(`\u0007b`)).toString()).toBe('ab')
})
