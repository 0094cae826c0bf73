/**
 * Takes secrets out of a stream of bytes: values that are known, and what looks like one. What may be the first half of a
 * secret waits for the next bytes. It is a help against accidents, no wall: a program that means to can say a secret
 * in some other way.
 */
import { ANCHORS, KEY_BEGIN_LINE, KEY_BEGINS, KEY_END_LINE, OPEN, PATTERNS } from './patterns.ts'

export interface KnownSecret {
  readonly name: string
  readonly value: string
}

export interface RedactorOptions {
  /** Somebody types and waits for the echo: a letter or two is no reason to wait. */
  readonly isTerminal?: boolean
  /** False: known values only. */
  readonly patterns?: boolean
}

/** A block that does not end is no key. */
const KEY_BYTES_MAX = 16 * 1024
const WORD_MAX = 14_000
const TERMINAL_HOLD = 4
/** Shorter ones would take half of every output along. */
export const SHORTEST = 4
/** The same for a part of the base64 of one. */
const SHORTEST_PART = 12

export class Redactor {
  readonly #known: readonly { readonly name: string; readonly text: string }[]
  readonly #beginnings: readonly string[]
  readonly #shortestHold: number
  readonly #hasPatterns: boolean
  #held = ''
  /** Within a private key: so many bytes of it have gone. */
  #keyBytes = -1
  #count = 0

  constructor(known: readonly KnownSecret[], { isTerminal = false, patterns = true }: RedactorOptions = {}) {
    this.#known = known.flatMap(({ name, value }) => (value.length < SHORTEST ? [] : ways(value).map((text) => ({ name, text })))).sort((a, b) => b.text.length - a.text.length)
    this.#beginnings = [...this.#known.map(({ text }) => text), ...(patterns ? ANCHORS : [])]
    this.#shortestHold = isTerminal ? TERMINAL_HOLD : 1
    this.#hasPatterns = patterns
  }

  /** How many were taken out. */
  get count(): number {
    return this.#count
  }

  get isHolding(): boolean {
    return this.#held !== ''
  }

  take(chunk: Buffer): Buffer {
    return Buffer.from(this.#pass(this.#held + chunk.toString('latin1'), false), 'latin1')
  }

  /** What has waited long enough, or for the last time. */
  flush(): Buffer {
    return Buffer.from(this.#pass(this.#held, true), 'latin1')
  }

  #pass(text: string, isLast: boolean): string {
    this.#held = ''
    const clear = this.#withoutKeys(this.#withoutKnown(text), isLast)
    // What waits as the beginning of a key comes after all of this.
    const end = isLast || !this.#hasPatterns ? clear.length : openAt(clear)
    this.#held = clear.slice(end) + this.#held
    const rest = this.#hasPatterns ? this.#withoutPatterns(clear.slice(0, end)) : clear
    if (isLast) return rest
    // What waits already reaches to the end.
    const hold = this.#held === '' ? this.#beginning(rest) : 0
    if (hold === 0) return rest
    this.#held = rest.slice(rest.length - hold)
    return rest.slice(0, rest.length - hold)
  }

  #withoutKnown(text: string): string {
    let out = text
    for (const { name, text: value } of this.#known) {
      if (!out.includes(value)) continue
      const parts = out.split(value)
      this.#count += parts.length - 1
      out = parts.join(mark(name))
    }
    return out
  }

  #withoutPatterns(text: string): string {
    let out = text
    for (const { name, hints, is } of PATTERNS) {
      if (!hints.some((hint) => out.includes(hint))) continue
      out = out.replace(is, (_, kept: string) => {
        this.#count += 1
        return `${kept}${mark(name)}`
      })
    }
    return out
  }

  /** Lines of a private key go as they come; its mark stands where it began. */
  #withoutKeys(text: string, isLast: boolean): string {
    if (!this.#hasPatterns || (this.#keyBytes < 0 && !text.includes('-----'))) return text
    if (this.#keyBytes >= 0) {
      const end = KEY_END_LINE.exec(text)
      if (end) {
        this.#keyBytes = -1
        return this.#withoutKeys(text.slice(end.index + end[0].length), isLast)
      }
      this.#keyBytes += text.length
      // The end line itself may be cut in two.
      if (this.#keyBytes < KEY_BYTES_MAX) return this.#keep(text, isLast)
      this.#keyBytes = -1
      return text
    }
    const begin = KEY_BEGIN_LINE.exec(text)
    if (!begin) return this.#untilKeyBegins(text, isLast)
    this.#count += 1
    this.#keyBytes = 0
    return text.slice(0, begin.index) + mark('private key') + this.#withoutKeys(text.slice(begin.index + begin[0].length), isLast)
  }

  #keep(text: string, isLast: boolean): string {
    const at = text.lastIndexOf('-----END')
    if (at >= 0 && !isLast) this.#held = text.slice(at)
    return ''
  }

  #untilKeyBegins(text: string, isLast: boolean): string {
    const at = text.lastIndexOf(KEY_BEGINS)
    if (isLast || at < 0 || text.length - at > 80 || text.includes('\n', at)) return text
    this.#held = text.slice(at)
    return text.slice(0, at)
  }

  /** How much of the end may be the beginning of a known value, or of what looks like a secret. */
  #beginning(text: string): number {
    let most = 0
    for (const value of this.#beginnings) {
      for (let length = Math.min(value.length - 1, text.length); length >= this.#shortestHold && length > most; length -= 1) {
        if (text.endsWith(value.slice(0, length))) most = length
      }
    }
    return most
  }
}

/** Where a secret may have begun that has not ended: in the last word, when that is not too long for one. */
function openAt(text: string): number {
  let from = text.length
  while (from > 0 && text.length - from < WORD_MAX && !/\s/.test(text.charAt(from - 1))) from -= 1
  if (from === text.length || text.length - from === WORD_MAX) return text.length
  const open = OPEN.exec(text.slice(from))
  return open ? from + open.index : text.length
}

/** As it is, and as addresses, JSON and mail write it; base64 also within something longer, as `user:token` in a header. */
function ways(value: string): string[] {
  const bytes = Buffer.from(value)
  const parts = [0, 1, 2].map((before) => middleOf(bytes, before)).filter((text) => text.length >= SHORTEST_PART)
  const encoded = [bytes.toString('base64').replace(/=+$/, ''), ...parts].flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
  return [...new Set([bytes.toString('latin1'), encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...encoded].filter((text) => text.length >= SHORTEST))]
}

/** What of its base64 is the same whatever stands around it, so many bytes behind a multiple of three. */
function middleOf(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
  return text.slice(before === 0 ? 0 : before + 1, Math.floor((before + bytes.length) / 3) * 4)
}

function mark(name: string): string {
  return `[secret: ${name}]`
}
