/**
 * What of a command's output may reach a terminal: text, colours, and what draws a line anew (carriage return, backspace,
 * "erase the line"). Everything that could command the terminal (titles, clipboard, queries that it answers into the
 * shell, other screens, strings that it executes) and what only looks like other text becomes visible instead. A pipe
 * gets the bytes as they are; this is for eyes.
 */
import { safe } from '@nexus/protocol/readable'

/** Select graphic rendition, erase in line. */
const ALLOWED = /^\u001B\[[0-9;:]{0,60}[mK]$/
const SEQUENCE = /\u001B\[[0-?]{0,60}[ -/]{0,4}[@-~]/g
/** The beginning of a sequence whose rest is still to come. */
const BEGUN = /\u001B(?:\[[0-?]{0,60}[ -/]{0,4})?$/
const PLAIN_CONTROLS = /([\n\t\r\b])/
const RESET = '\u001B[0m'

export class TerminalText {
  readonly #decoder = new TextDecoder()
  readonly #hasColours: boolean
  #rest = ''
  #isStyled = false

  /** Without colours they are taken out: nobody wants to read their codes. */
  constructor(options: { colours: boolean }) {
    this.#hasColours = options.colours
  }

  take(bytes: Uint8Array): string {
    return this.#shown(this.#rest + this.#decoder.decode(bytes, { stream: true }), false)
  }

  /** What was held back, and an end of all colours. */
  end(): string {
    const last = this.#shown(this.#rest + this.#decoder.decode(), true)
    return this.#isStyled ? last + RESET : last
  }

  #shown(text: string, isEnd: boolean): string {
    const begun = isEnd ? -1 : text.search(BEGUN)
    this.#rest = begun < 0 ? '' : text.slice(begun)
    const whole = begun < 0 ? text : text.slice(0, begun)
    let shown = ''
    let from = 0
    for (const { 0: sequence, index } of whole.matchAll(SEQUENCE)) {
      shown += harmless(whole.slice(from, index)) + this.#sequence(sequence)
      from = index + sequence.length
    }
    return shown + harmless(whole.slice(from))
  }

  #sequence(sequence: string): string {
    if (!ALLOWED.test(sequence)) return safe(sequence)
    if (!this.#hasColours) return ''
    this.#isStyled = true
    return sequence
  }
}

function harmless(text: string): string {
  return text.split(PLAIN_CONTROLS).map((part, at) => (at % 2 === 0 ? safe(part) : part)).join('')
}
