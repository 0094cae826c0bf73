/** Output as a person reads it: no colours, no carriage returns that overwrite, no line that is endless. */

/** CSI, then OSC and its kin up to their end (or the next escape, when it is missing), then two-character escapes. */
const ESCAPES = /\u001B\[[0-?]*[ -/]*[@-~]|\u001B[\]PX^_][^\u0007\u001B\n]*(?:\u0007|\u001B\\)?|\u001B[ -/]*[0-~]/g
const LINE_MAX = 4000

export function plainLines(text: string): string[] {
  return text.replaceAll('\r\n', '\n').split('\n').map((line) => {
    const shown = line.length > LINE_MAX ? line.slice(0, LINE_MAX) : line
    const plain = shown.includes('\u001B') ? shown.replace(ESCAPES, '') : shown
    // A progress bar draws one line again and again: the last drawing is what stands there.
    return plain.includes('\r') ? (plain.split('\r').findLast((part) => part !== '') ?? '') : plain
  })
}
