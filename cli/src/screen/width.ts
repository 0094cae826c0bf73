/** How many columns a text takes on a terminal, and texts cut to fit. For one line without control characters. */

/** East Asian wide and full-width characters and emoji take two columns; combining marks and joiners none. */
const WIDE = /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1FAFF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u

export function widthOf(text: string): number {
  let columns = 0
  for (const character of text) columns += widthOfOne(character)
  return columns
}

/** The text when it fits, else as much of its beginning as does, and an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let taken = 1
  for (const character of text) {
    taken += widthOfOne(character)
    if (taken > columns) break
    kept += character
  }
  return `${kept}…`
}

function widthOfOne(character: string): number {
  if (character < '\u0300') return 1
  return NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1
}
