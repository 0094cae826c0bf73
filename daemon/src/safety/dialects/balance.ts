/** Are all quotes and brackets closed? Text that breaks off says nothing reliable. */
export function isBalanced(text: string, escape: '`' | '\\', brackets: string): boolean {
  let quote = ''
  const open: string[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === escape && quote !== "'") { at += 1; continue }
    if (quote !== '') { if (character === quote) quote = ''; continue }
    if (character === '"' || character === "'") quote = character
    else if (character === '#' && /[\s;]/.test(text[at - 1] ?? ' ')) { const end = text.indexOf('\n', at); at = end < 0 ? text.length : end } else if (brackets.includes(character)) {
      const pair = '(){}'.indexOf(character)
      if (pair % 2 === 0) open.push('(){}'[pair + 1] ?? '')
      else if (open.pop() !== character) return false
    }
  }
  return quote === '' && open.length === 0
}
