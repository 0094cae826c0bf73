/** What small programs print, computed: so that a payload that is decoded on the way is seen. Bounded in size. */
import { gunzipSync, inflateSync } from 'node:zlib'
import type { Shell } from './shell/shell.ts'
import { isKnown, NAME, type Flow } from './text.ts'

const TEXT_MAX = 64 * 1024

/** Undefined: it cannot be said. */
export function fold(name: string, words: readonly string[], stdin: Flow, shell: Shell): string | undefined {
  const folder = FOLDERS[name]
  if (folder === undefined || !words.every(isKnown)) return undefined
  const text = stdin.text
  if (text !== undefined && (text.length > TEXT_MAX || !isKnown(text))) return undefined
  const result = folder(words, text, shell)
  if (result === undefined || result.length > TEXT_MAX) return undefined
  shell.scene.budget.bytes(result.length)
  return result
}

type Folder = (words: readonly string[], text: string | undefined, shell: Shell) => string | undefined

const operandsOf = (words: readonly string[]) => words.filter((word) => !word.startsWith('-') || word === '-')
const flagged = (words: readonly string[], pattern: RegExp) => words.some((word) => pattern.test(word))

/** The text that a file or the input holds, when it was written on the way. */
function inputOf(words: readonly string[], text: string | undefined, shell: Shell): string | undefined {
  const [file] = operandsOf(words)
  return file === undefined || file === '-' ? text : shell.files.get(shell.path(file))?.text
}

const base64: Folder = (words, text, shell) => {
  const input = inputOf(words.filter((_, at) => words[at - 1] !== '-w'), text, shell)
  if (input === undefined) return undefined
  return flagged(words, /^(-[a-z]*[dD]|--decode)$/) ? Buffer.from(input, 'base64').toString('latin1') : `${Buffer.from(input, 'latin1').toString('base64')}\n`
}

const reversed = (text: string) => text.split('\n').map((line) => [...line].reverse().join('')).join('\n')

const FOLDERS: Readonly<Record<string, Folder>> = {
  echo: (words) => `${words.join(' ')}\n`,
  printf: ([format = '', ...values]) => printfOf(format, values),
  base64,
  basenc: base64,
  base32: (words, text, shell) => { const input = inputOf(words, text, shell); return input !== undefined && flagged(words, /^(-d|--decode)$/) ? fromBase32(input) : undefined },
  cat: (words, text, shell) => {
    const files = operandsOf(words)
    const texts = files.length === 0 ? [text] : files.map((file) => (file === '-' ? text : file.endsWith('.pid') ? `${NAME}\n` : shell.files.get(shell.path(file))?.text))
    return texts.every((one) => one !== undefined) ? texts.join('') : undefined
  },
  tee: (words, text) => (operandsOf(words).length === 0 ? text : undefined),
  rev: (words, text, shell) => { const input = inputOf(words, text, shell); return input === undefined ? undefined : reversed(input) },
  tac: (words, text, shell) => { const input = inputOf(words, text, shell); return input === undefined ? undefined : `${input.trimEnd().split('\n').reverse().join('\n')}\n` },
  xxd: (words, text, shell) => { const input = inputOf(words, text, shell); return input !== undefined && flagged(words, /^-\w*r/) ? fromHex(flagged(words, /p/) ? input : input.replace(/^[0-9a-f]+:/gim, '')) : undefined },
  openssl: (words, text) => (text !== undefined && (words[0] === 'base64' || words.includes('-base64') || words.includes('-a')) && words.includes('-d') && !words.some((word) => /aes|des|-k$|-pass/.test(word)) ? Buffer.from(text, 'base64').toString('latin1') : undefined),
  tr: (words, text) => (text === undefined ? undefined : translated(words, text)),
  sed: (words, text) => (text === undefined ? undefined : substituted(words, text)),
  cut: (words, text) => (text === undefined ? undefined : cutText(words, text)),
  head: (words, text) => { const count = numberIn(words); return text === undefined || operandsOf(words).some((word) => !/^\d+$/.test(word)) ? undefined : flagged(words, /^-c/) ? text.slice(0, count) : text.split('\n').slice(0, count).join('\n') },
  tail: (words, text) => { const count = numberIn(words); return text === undefined || operandsOf(words).some((word) => !/^\+?\d+$/.test(word)) || flagged(words, /^-f/) ? undefined : flagged(words, /\+/) ? text.split('\n').slice(count - 1).join('\n') : flagged(words, /^-c/) ? text.slice(-count) : text.trimEnd().split('\n').slice(-count).join('\n') },
  gzip: (words, text) => (text !== undefined && flagged(words, /^-\w*d/) ? unpacked(text) : undefined), gunzip: (words, text) => (text !== undefined && operandsOf(words).length === 0 ? unpacked(text) : undefined), zcat: (words, text) => (text !== undefined && operandsOf(words).length === 0 ? unpacked(text) : undefined),
  basename: ([path = '', suffix = '']) => { const base = path.replace(/\/+$/, '').split('/').at(-1) ?? ''; return `${suffix !== '' && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base}\n` },
  dirname: ([path = '']) => `${path.includes('/') ? path.replace(/\/+$/, '').slice(0, path.replace(/\/+$/, '').lastIndexOf('/')) || '/' : '.'}\n`,
  realpath: (words, _, shell) => { const [path] = operandsOf(words); return path === undefined ? undefined : `${shell.path(path)}\n` },
  readlink: (words, _, shell) => { const [path] = operandsOf(words); return path === undefined || !flagged(words, /^-[fem]/) ? undefined : `${shell.path(path)}\n` },
  mktemp: () => '/tmp/tmp.new\n', whoami: () => `${NAME}\n`, hostname: (words) => (words.length === 0 ? `${NAME}\n` : undefined), date: (words) => (words.every((word) => word.startsWith('+') || word.startsWith('-u')) && !words.join('').includes('/') ? `${NAME}\n` : undefined), id: (words) => (flagged(words, /^-[ungr]+$/) ? `${NAME}\n` : undefined), uname: () => `${NAME}\n`, nproc: () => `${NAME}\n`, uuidgen: () => `${NAME}\n`, arch: () => `${NAME}\n`, tty: () => '/dev/tty\n',
  seq: (words) => { const [first = 1, last = first] = operandsOf(words).map(Number); const from = words.length > 1 ? first : 1; return Number.isInteger(from) && Number.isInteger(last) && last - from < 24 ? Array.from({ length: Math.max(0, last - from + 1) }, (_, index) => `${from + index}\n`).join('') : `${NAME}\n` },
  expr: (words) => (/^\d+ [-+*/] \d+$/.test(words.join(' ')) ? `${NAME}\n` : undefined),
  true: () => '', sleep: () => '',
  git: (words, _, shell) => (words.join(' ') === 'rev-parse --show-toplevel' ? `${shell.scene.ground.project}\n` : /^(rev-parse( --short| --abbrev-ref)* HEAD|branch --show-current|describe( --\w+)*|symbolic-ref --short HEAD)$/.test(words.join(' ')) ? `${NAME}\n` : undefined),
  lsof: (words) => (flagged(words, /^-\w*t/) ? `${NAME}\n` : undefined), pgrep: (words) => (flagged(words, /^-\w*[no]$/) ? `${NAME}\n` : undefined),
  pwd: (_, __, shell) => `${shell.cwd}\n`,
}

function numberIn(words: readonly string[]): number {
  return Number(/\d+/.exec(words.join(' '))?.[0] ?? 10)
}

function fromHex(text: string): string {
  return Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex').toString('latin1')
}

function fromBase32(text: string): string {
  const bits = [...text.toUpperCase()].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)).filter((value) => value >= 0).map((value) => value.toString(2).padStart(5, '0')).join('')
  return (bits.match(/.{8}/g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 2))).join('')
}

function unpacked(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1')
  for (const unpack of [gunzipSync, inflateSync]) {
    try {
      return unpack(bytes, { maxOutputLength: TEXT_MAX }).toString('latin1')
    } catch {
      // It is packed otherwise, or too much: then nobody knows what it holds.
    }
  }
  return undefined
}

/** `tr a-z n-za-m`, `tr -d x`, `tr a b`. */
function translated(words: readonly string[], text: string): string | undefined {
  const isDeleting = flagged(words, /^-\w*d/)
  const [from = '', to = ''] = words.filter((word) => !/^-[a-zA-Z]+$/.test(word)).map(setOf)
  if (flagged(words, /^-\w*[cC]/)) return undefined
  if (isDeleting) return [...text].filter((character) => !from.includes(character)).join('')
  if (to === '') return flagged(words, /^-s/) ? text.replace(/(.)\1+/gs, '$1') : undefined
  return [...text].map((character) => { const at = from.lastIndexOf(character); return at < 0 ? character : (to[Math.min(at, to.length - 1)] ?? character) }).join('')
}

function setOf(word: string): string {
  const classes: Readonly<Record<string, string>> = { '[:upper:]': 'A-Z', '[:lower:]': 'a-z', '[:digit:]': '0-9', '[:space:]': ' \t\n', '[:alpha:]': 'A-Za-z', '[:alnum:]': 'A-Za-z0-9' }
  const plain = unescaped(word.replace(/\[:\w+:\]/g, (name) => classes[name] ?? name)).replace(/^\[(.*)\]$/s, '$1')
  return plain.replace(/(.)-(.)/gs, (all, first: string, last: string) => { const [a, b] = [first.charCodeAt(0), last.charCodeAt(0)]; return b >= a && b - a < 256 ? Array.from({ length: b - a + 1 }, (_, index) => String.fromCharCode(a + index)).join('') : all })
}

/** `s/a/b/g`, literal or with a plain regular expression; several with -e or `;`. */
function substituted(words: readonly string[], text: string): string | undefined {
  if (flagged(words, /^-(i|n|z|s|-in-place)/) || operandsOf(words).length > 1) return undefined
  let result = text
  for (const script of words.filter((word) => !/^-[eErE]+$/.test(word)).flatMap((word) => word.split(';'))) {
    const found = /^\s*s(.)((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gI]*)\s*$/s.exec(script)
    if (!found) return undefined
    const [, , pattern = '', replacement = '', flags = ''] = found
    // A pattern of someone else's is not let loose on a long text.
    if (/[*+{(]/.test(pattern) && result.length > 2000) return undefined
    if (/\([^)]*[*+]/.test(pattern)) return undefined
    let compiled: RegExp
    try {
      compiled = new RegExp(pattern.replace(/\\([(){}|+?])/g, '$1'), `${flags.includes('g') ? 'g' : ''}${flags.includes('I') ? 'i' : ''}`)
    } catch {
      // What sed takes and we do not is simply not known.
      return undefined
    }
    result = result.split('\n').map((line) => line.replace(compiled, replacement.replace(/\$/g, '$$$$').replace(/\\(\d)/g, '$$$1').replace(/(?<!\\)&/g, '$$&').replace(/\\([/&|#,])/g, '$1').replace(/\\n/g, '\n'))).join('\n')
  }
  return result
}

function cutText(words: readonly string[], text: string): string | undefined {
  const line = words.join(' ')
  const field = /-f ?(\d+)/.exec(line)?.[1]
  const delimiter = words.includes('-d') ? (words[words.indexOf('-d') + 1] ?? '\t') : (/^-d(.)/.exec(words.find((word) => /^-d./.test(word)) ?? '')?.[1] ?? '\t')
  if (field !== undefined) return text.split('\n').map((one) => one.split(delimiter)[Number(field) - 1] ?? '').join('\n')
  const range = /-[cb] ?(\d+)?(-)?(\d+)?/.exec(line)
  if (!range) return undefined
  const [, from = '1', dash, to] = range
  return text.split('\n').map((one) => one.slice(Number(from) - 1, dash === undefined ? Number(from) : to === undefined ? undefined : Number(to))).join('\n')
}

/** `\n`, `\x41`, `\0101`, `\u0041` as echo -e and printf know them. */
export function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|.)/gs, (all, code: string) => {
    const first = code[0] ?? ''
    if (first === 'x' && code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if ((first === 'u' || first === 'U') && code.length > 1) { const point = Number.parseInt(code.slice(1), 16); return point <= 0x10FFFF ? String.fromCodePoint(point) : all }
    if (/^[0-7]+$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255)
    return { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v', e: '\u001B', '\\': '\\' }[code] ?? all
  })
}

export function printfOf(format: string, values: readonly string[]): string {
  const rest = [...values]
  let out = ''
  const slots = (format.match(/%[-+ #0]*[\d*]*(?:\.\d+)?[a-zA-Z]/g) ?? []).filter((slot) => !slot.endsWith('%')).length
  let rounds = 0
  do {
    out += unescaped(format).replace(/%%|%[-+ #0]*[\d*]*(?:\.\d+)?([a-zA-Z])/g, (_, letter: string | undefined) => {
      if (letter === undefined) return '%'
      const value = rest.shift() ?? ''
      if (letter === 'b') return unescaped(value)
      if (letter === 'c') return value.slice(0, 1)
      if (letter === 'x' && /^\d+$/.test(value)) return Number(value).toString(16)
      return letter === 'o' && /^\d+$/.test(value) ? Number(value).toString(8) : value
    })
    rounds += 1
  } while (rest.length > 0 && slots > 0 && rounds < 256)
  return out
}
