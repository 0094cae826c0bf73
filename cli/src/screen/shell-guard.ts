/**
 * Between a shell inside a layer and the terminal of the person who uses it. Screens, cursors and colours pass, or no
 * editor would work. What reaches beyond the screen does not: the clipboard (OSC 52), files and graphics (APC, DCS, the
 * OSC of some terminals), notifications, and window operations that answer with text. At the end every mode is as before.
 */

/** Titles, links, colours, prompt marks. */
const OSC_ALLOWED = /^(?:[0-2]|8|4|1[0-2]|104|11[0-2]|133)(?:;|$)/
/** OSC, DCS, SOS, PM, APC: with ESC, or as one character of C1 in UTF-8. */
const STRING = /\u001B[\]PX^_]|\u00C2[\u0090\u0098\u009D\u009E\u009F]/
const STRING_END = /\u0007|\u001B\\|\u00C2\u009C|[\u0018\u001A]/
/** Of windows only the title stack of editors, the rest moves, resizes or asks; and nothing for the printer. */
const WINDOW = /\u001B\[(?!2[23](?:;[0-9;]*)?t)[ -?]*[ti]/g
const MODES = /\u001B\[\?([0-9;]+)([hl])/g
const BEGUN = /(?:\u001B(?:\[[ -?]*)?|\u00C2)$/
/** A terminal obeys these in the middle of a sequence and goes on with it: written so, no sequence would be known again. */
const LOOSE = /\u001B[\u0000-\u0017\u0019\u001C-\u001F\u007F]+/g
const NUMBERS = /(?:\u001B\[|\u00C2\u009B)([ -?\u0000-\u0017\u0019\u001C-\u001F\u007F]*)/g
const CONTROLS = /[\u0000-\u001F\u007F]/g
/** More of them nobody needs, and zeros in front could hide any number. */
const NUMBERS_MAX = 200
/** Where is the cursor, what are you, which colour: the terminal answers as if somebody typed. */
const QUESTION = /\u001B\[[?>=]?[0-9;]*[nc]|\u001B\](?:4;[^\u0007\u001B]*|1[0-2]);\?/
/** What moves no cursor to another line, as far as a line's end is concerned. */
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-Z]|[=>78])/g
/** Keeps the title, on terminals that can. */
const TITLE_KEPT = '\u001B[22;0t'
const TITLE_BACK = '\u001B[23;0t'
/** Scroll region, character sets, insert mode, colours, the cursor's shape: as a terminal has them in the beginning. */
const SOFT_RESET = '\u001B[!p\u001B7\u001B[r\u001B8\u001B(B\u000F\u001B[?7h\u001B[0 q\u001B[0m'
const STRING_MAX = 4096
const CURSOR = '25'

export class ShellGuard {
  /** Bytes as characters: what is no escape sequence leaves as it came. */
  #rest = ''
  #isDropping = false
  #hasAsked = false
  #isLineOpen = false
  readonly #modes = new Map<string, string>()

  /** Did it ask the terminal something? The answer may still be under way when it has ended. */
  get hasAsked(): boolean {
    return this.#hasAsked
  }

  begin(): Buffer {
    return Buffer.from(TITLE_KEPT, 'latin1')
  }

  take(bytes: Uint8Array): Buffer {
    let text = plain(this.#rest + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
    this.#rest = ''
    let passed = ''
    while (text !== '') {
      if (this.#isDropping) text = this.#dropped(text)
      else {
        const at = text.search(STRING)
        if (at < 0) {
          const begun = text.search(BEGUN)
          this.#rest = begun < 0 ? '' : text.slice(begun)
          passed += this.#screened(begun < 0 ? text : text.slice(0, begun))
          break
        }
        passed += this.#screened(text.slice(0, at))
        const string = this.#string(text.slice(at))
        passed += string.passed
        text = string.left
      }
    }
    const written = passed.slice(-256).replace(ESCAPES, '')
    if (written !== '') this.#isLineOpen = !written.endsWith('\n')
    return Buffer.from(passed, 'latin1')
  }

  /**
   * Takes back the modes that are still set: another screen, mouse reports, a hidden cursor. What we say next begins on a
   * line of its own, and nothing that was painted below it can pass for ours.
   */
  end(): Buffer {
    const back = [...this.#modes].map(([mode, how]) => `\u001B[?${mode}${how === 'h' ? 'l' : 'h'}`).join('')
    return Buffer.from(`${back}${SOFT_RESET}${TITLE_BACK}${this.#isLineOpen ? '\r\n' : ''}\u001B[J`, 'latin1')
  }

  /** `text` begins with a string; it passes whole or not at all. */
  #string(text: string): { passed: string; left: string } {
    const body = text.slice(2)
    const end = STRING_END.exec(body)
    const isAllowed = text.startsWith('\u001B]') && OSC_ALLOWED.test(body.slice(0, end?.index ?? body.length))
    if (end) {
      const whole = text.slice(0, 2 + end.index + end[0].length)
      this.#hasAsked ||= isAllowed && QUESTION.test(whole)
      return { passed: isAllowed && !whole.slice(2, -end[0].length).includes('\u001B') ? whole : '', left: text.slice(whole.length) }
    }
    if (text.length < STRING_MAX) this.#rest = text
    else this.#isDropping = true
    return { passed: '', left: '' }
  }

  #dropped(text: string): string {
    const end = STRING_END.exec(text)
    if (!end) {
      // Its end may be two bytes, one of which has come.
      this.#rest = /[\u001B\u00C2]$/.exec(text)?.[0] ?? ''
      return ''
    }
    this.#isDropping = false
    return text.slice(end.index + end[0].length)
  }

  #screened(text: string): string {
    for (const [, modes = '', how = ''] of text.matchAll(MODES)) {
      for (const mode of modes.split(';')) {
        const isUsual = mode === CURSOR ? how === 'h' : how === 'l'
        if (isUsual) this.#modes.delete(mode)
        else this.#modes.set(mode, how)
      }
    }
    this.#hasAsked ||= QUESTION.test(text)
    return text.replace(WINDOW, '')
  }
}

/** Each sequence in the one way that is read here. */
function plain(text: string): string {
  return text.replace(LOOSE, '\u001B').replace(NUMBERS, (_, numbers: string) => {
    const given = numbers.replace(CONTROLS, '')
    return `\u001B[${given.length > NUMBERS_MAX ? '' : given}`
  })
}
