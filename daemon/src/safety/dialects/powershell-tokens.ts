/** PowerShell text to statements, pipelines and tokens. Quotes stay in the text of a token: its value is read later. */
export interface Token {
  readonly kind: 'word' | 'block' | 'paren'
  /** Of a block and of parentheses, what is between them. */
  readonly text: string
  readonly at: number
  readonly end: number
}

/** Statement → stages → tokens. */
export function statementsOf(text: string): Token[][][] {
  const statements: Token[][][] = []
  let pipeline: Token[][] = []
  let stage: Token[] = []
  const endStage = () => { if (stage.length > 0) pipeline.push(stage); stage = [] }
  const endStatement = () => { endStage(); if (pipeline.length > 0) statements.push(pipeline); pipeline = [] }
  let at = 0
  while (at < text.length) {
    const character = text[at] ?? ''
    const two = text.slice(at, at + 2)
    if (two === '<#') { const end = text.indexOf('#>', at); at = end < 0 ? text.length : end + 2 }
    else if (character === '#' && (at === 0 || /[\s;]/.test(text[at - 1] ?? ''))) { const end = text.indexOf('\n', at); at = end < 0 ? text.length : end }
    else if (character === '`' && /\r?\n/.test(text.slice(at + 1, at + 3))) at += 2
    else if (character === '\n' || character === ';') { endStatement(); at += 1 }
    else if (two === '&&' || two === '||') { endStatement(); at += 2 }
    else if (character === '|') { endStage(); at += 1 }
    else if (/\s/.test(character)) at += 1
    else if (character === ')' || character === '}') at += 1
    else {
      const token = tokenAt(text, at)
      // `if (…) {…} else {…}` and `try {…} catch {…}` go on after a line's end.
      stage.push(token)
      at = Math.max(token.end, at + 1)
    }
  }
  endStatement()
  return statements
}

function tokenAt(text: string, from: number): Token {
  const first = text[from] ?? ''
  if (first === '{') { const end = closing(text, from); return { kind: 'block', text: text.slice(from + 1, end - 1), at: from, end } }
  if (first === '(') {
    const end = closing(text, from)
    // `(…).Method(…)` is one thing.
    if (text[end] === '.' || text[end] === '[') return wordFrom(text, from)
    return { kind: 'paren', text: text.slice(from + 1, end - 1), at: from, end }
  }
  if (first === '&' || first === ',') return { kind: 'word', text: first, at: from, end: from + 1 }
  return wordFrom(text, from)
}

function wordFrom(text: string, from: number): Token {
  let at = from
  while (at < text.length) {
    const character = text[at] ?? ''
    if (/[\s;|,}]/.test(character) || (character === ')' ) || (character === '{' && text[at - 1] !== '$' && text[at - 1] !== '@')) break
    if (character === '`') at += 2
    else if (character === '"' || character === "'") at = endOfString(text, at)
    else if (character === '(' || character === '{') at = closing(text, at)
    else at += 1
  }
  return { kind: 'word', text: text.slice(from, at), at: from, end: at }
}

/** The index after the bracket that closes the one here. */
export function closing(text: string, from: number): number {
  const open = text[from] ?? ''
  const close = open === '{' ? '}' : open === '(' ? ')' : ']'
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '`') at += 1
    else if (character === '"' || character === "'") at = endOfString(text, at) - 1
    else if (character === open) depth += 1
    else if (character === close) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return text.length + 1
}

export function endOfString(text: string, from: number): number {
  const quote = text[from] ?? '"'
  if (text[from - 1] === '@') {
    const end = text.indexOf(`\n${quote}@`, from)
    if (end >= 0) return end + 3
  }
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '`' && quote === '"') at += 1
    else if (text[at] === quote) {
      if (text[at + 1] === quote) at += 1
      else return at + 1
    }
  }
  return text.length
}

export function pieces(tokens: readonly Token[]): string {
  return tokens.map(({ kind, text }) => (kind === 'paren' ? `(${text})` : kind === 'block' ? `{${text}}` : text)).join(' ')
}
