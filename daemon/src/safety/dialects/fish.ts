/** fish, rewritten to bash token by token: blocks end with `end`, `(…)` is a substitution, `set` assigns. */
import type { Interpreter } from '../scene.ts'
import { isBalanced } from './balance.ts'
import { BASH } from '../shell/interpret.ts'

export const FISH: Interpreter = { ...BASH, text: (text, shell) => {
  if (!isBalanced(text, '\\', '()')) shell.does('unknown', 'unknown', { target: 'a part that breaks off', certainty: 'assumed' })
  return BASH.text(fromFish(text), shell)
} }

const TOKEN = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|#[^\n]*|\\.|\n|;|\|\||&&|&>>?|[0-9]?>>?[&?]?|[|&<()]|[ \t]+|(?:[^\s'"#;|&<>()\\]|\\.)+/gs

/** What a block becomes at its end. */
type Block = 'fi' | 'done' | '}' | 'esac'

function fromFish(text: string): string {
  const blocks: Block[] = []
  let out = ''
  let isStart = true
  /** A condition under way, and what follows it. */
  let pending: string | null = null
  let depth = 0
  let words: string[] = []
  const tokens = text.match(TOKEN) ?? []
  const finish = (separator: string) => {
    out += statement(words)
    words = []
    if (pending !== null) {
      out += `; ${pending} `
      pending = null
    } else out += separator
    isStart = true
  }
  for (const [at, token] of tokens.entries()) {
    const isWord = !/^(\n|;|\|\||&&|\||&|[ \t]+|#.*)$/s.test(token) && token !== '(' && token !== ')'
    if (token === '(') { depth += 1; words.push(tokens[at - 1]?.endsWith('$') === true ? '(' : '$('); isStart = true; continue }
    if (token === ')') { depth = Math.max(0, depth - 1); words.push(')'); isStart = false; continue }
    if (depth > 0) { words.push(token); continue }
    if (token === '\n' || token === ';') { finish(token === ';' ? ';' : '\n'); continue }
    if (/^(\|\||&&|\||&)$/.test(token)) { words.push(token); isStart = true; continue }
    if (!isWord) { words.push(token); continue }
    if (!isStart) { words.push(token); continue }
    isStart = false
    switch (token) {
      case 'and': case 'or':
        out = out.replace(/[;\n]\s*$/, '') + (token === 'and' ? ' && ' : ' || ')
        isStart = true
        break
      case 'not': words.push('! '); isStart = true; break
      case 'if': blocks.push('fi'); pending = 'then'; words.push('if '); isStart = true; break
      case 'while': blocks.push('done'); pending = 'do'; words.push('while '); isStart = true; break
      case 'for': blocks.push('done'); pending = 'do'; words.push('for '); break
      case 'function': blocks.push('}'); words.push('\u0001'); break
      case 'begin': blocks.push('}'); words.push('{ '); isStart = true; break
      case 'switch': blocks.push('}'); words.push('{ : '); break
      case 'case': words.push(': '); break
      case 'else': words.push('else '); isStart = true; if (/^\s+if\b/.test(tokens.slice(at + 1, at + 3).join(''))) { words.pop(); words.push('el'); pending = 'then' } break
      case 'end': words.push(blocks.pop() ?? 'end'); break
      default: words.push(token)
    }
    if (token === 'if' && words.at(-2) === 'el') { words.splice(-2, 2, 'elif '); blocks.pop(); pending = 'then' }
  }
  out += statement(words)
  return out
}

/** `set -gx NAME value`, `function name --opts`, everything else as it is. */
function statement(words: readonly string[]): string {
  const text = words.join('').replace(/\(\s*(?=[^)])/g, '(')
  const named = /^\s*\u0001\s*([\w-]+)[^\n;]*/.exec(text)
  if (named) return `${named[1] ?? 'f'}() { :`
  const set = /^(\s*)set\s+((?:-{1,2}[\w-]+\s+)*)([A-Za-z_]\w*)(?:\s+(.*))?$/s.exec(text)
  if (!set) return text.replace(/\$argv\b/g, '"$@"').replace(/\$status\b/g, '$?')
  const [, indent = '', options = '', name = '', value = ''] = set
  if (/-\w*[qnS]|--(query|names|show)/.test(options)) return `${indent}:`
  // Kept in a file, for every fish that is started from now on.
  const kept = /-\w*U|--universal/.test(options) ? ' >> ~/.config/fish/fish_variables' : ''
  if (/-\w*e|--erase/.test(options)) return `${indent}:${kept}`
  if (kept !== '') return `${indent}export ${name}=${joinedValue(value)}; :${kept}`
  return /-\w*x|--export/.test(options) ? `${indent}export ${name}=${joinedValue(value)}` : `${indent}${name}=${joinedValue(value)}`
}

function joinedValue(value: string): string {
  const trimmed = value.trim()
  return /\s/.test(trimmed) && !/^(["'$(])/.test(trimmed) ? `'${trimmed.replaceAll("'", '')}'` : trimmed
}
