/**
 * Output bytes as lines of styled text. Colours and weights, carriage return, backspace and "erase the line" are obeyed,
 * as a log needs them; every other control sequence is dropped, and what remains is only ever set as text.
 */
import { beginStyle, restyled, type Style } from './style.ts'

export interface Span { readonly text: string; readonly style: Style }
export interface OutputLine { readonly number: number; readonly isError: boolean; readonly spans: readonly Span[] }
interface Cell { readonly character: string; readonly style: Style }

/** Lines kept; older ones are only counted. */
const LINES_MAX = 5000
/** A line without end is cut: it would make the page unusable. */
const LINE_MAX = 4000
/** A sequence that does not end within this many characters is none. */
const SEQUENCE_MAX = 4096

const SEQUENCE = /^\u001B(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)|[ -/]*[0-OQ-WYZ\\`-~])/
const TEXT = /^[^\u0000-\u001F\u007F-\u009F]+/

export class Screen {
  #lines: OutputLine[] = []
  #cells: Cell[] = []
  #column = 0
  #number = 1
  #style: Style = beginStyle
  #isError = false
  #rest = ''
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }

  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#isError = stream === 'stderr'
    let text = this.#rest + this.#decoders[stream].decode(bytes, { stream: true })
    this.#rest = ''
    while (text !== '') {
      const taken = this.#take(text)
      if (taken === 0) { this.#rest = text; break }
      text = text.slice(taken)
    }
  }

  /** How many lines were left out at the beginning. */
  get dropped(): number {
    return Math.max(0, this.#number - 1 - this.#lines.length)
  }

  /** Finished lines stay the same objects; the last one may still change. */
  lines(): readonly OutputLine[] {
    return this.#cells.length === 0 ? [...this.#lines] : [...this.#lines, this.#finished()]
  }

  /** Length of what was understood; 0: the sequence is not whole yet. */
  #take(text: string): number {
    const plain = TEXT.exec(text)?.[0]
    if (plain !== undefined) return this.#put(plain)
    if (text[0] === '\u001B') {
      const [sequence, parameters = '', final] = SEQUENCE.exec(text) ?? []
      if (sequence === undefined) return text.length < SEQUENCE_MAX && isBegun(text) ? 0 : 1
      if (final === 'm') this.#style = restyled(this.#style, parameters)
      if (final === 'K') this.#erase(parameters)
      if (final === 'G') this.#column = Math.max(0, Number(parameters || '1') - 1)
      return sequence.length
    }
    if (text[0] === '\n') this.#end()
    else if (text[0] === '\r') this.#column = 0
    else if (text[0] === '\b') this.#column = Math.max(0, this.#column - 1)
    else if (text[0] === '\t') this.#put(' '.repeat(8 - (this.#column % 8)))
    return 1
  }

  #put(text: string): number {
    for (const character of text) {
      if (this.#column >= LINE_MAX) break
      while (this.#cells.length < this.#column) this.#cells.push({ character: ' ', style: beginStyle })
      this.#cells[this.#column] = { character, style: this.#style }
      this.#column += 1
    }
    return text.length
  }

  #erase(parameters: string): void {
    if (parameters === '' || parameters === '0') this.#cells.length = Math.min(this.#cells.length, this.#column)
    else if (parameters === '2') this.#cells = []
  }

  #end(): void {
    this.#lines.push(this.#finished())
    this.#number += 1
    this.#cells = []
    this.#column = 0
    if (this.#lines.length >= LINES_MAX * 1.2) this.#lines = this.#lines.slice(-LINES_MAX)
  }

  #finished(): OutputLine {
    const spans: { text: string; style: Style }[] = []
    for (const { character, style } of this.#cells) {
      const last = spans.at(-1)
      if (last && last.style === style) last.text += character
      else spans.push({ text: character, style })
    }
    return { number: this.#number, isError: this.#isError, spans }
  }
}

/** Could this become a sequence when more comes? */
function isBegun(text: string): boolean {
  return /^\u001B(?:$|\[[0-?]*[ -/]*$|[\]PX^_][^\u0007\u001B]*\u001B?$|[ -/]+$)/.test(text)
}
