/** What a PowerShell word or expression is worth, as far as it can be known. */
import type { Shell } from '../shell/shell.ts'
import { NO_SECRET_NAMES, SECRET_NAMES } from '../places-of-note.ts'
import { ANYTHING, GLOB, NAME, SECRET, textOf, type Flow } from '../text.ts'
import { closing, endOfString, type Token } from './powershell-tokens.ts'

export type Evaluate = (text: string, shell: Shell) => Flow

/** Several values of one word are joined by NUL. */
export function wordOf(token: Token, shell: Shell, evaluate: Evaluate): string {
  if (token.kind === 'paren') {
    const flow = evaluate(token.text, shell)
    return flow.paths?.join('\u0000') ?? textOf(flow)
  }
  if (token.kind === 'block') return '{}'
  return valueOf(token.text, shell, evaluate)
}

export function valueOf(text: string, shell: Shell, evaluate: Evaluate): string {
  const format = /^\s*("[^"]*"|'[^']*')\s*-f\s*(.+)$/is.exec(text)
  if (format) return formatted(valueOf(format[1] ?? '', shell, evaluate), (format[2] ?? '').split(',').map((one) => valueOf(one.trim(), shell, evaluate)))
  let out = ''
  let at = 0
  shell.scene.budget.step()
  while (at < text.length) {
    const character = text[at] ?? ''
    if (character === "'" || character === '"') {
      const isHere = text[at - 1] === '@'
      const end = endOfString(text, at)
      const inner = text.slice(at + 1, isHere ? end - 3 : end - 1)
      if (isHere) out = out.slice(0, -1)
      out += character === "'" ? inner.replaceAll("''", "'") : interpolated(inner, shell, evaluate)
      at = end
    } else if (character === '`') { out += text[at + 1] ?? ''; at += 2 }
    else if (character === '$' && text[at + 1] === '(') { const end = closing(text, at + 1); out += textOf(evaluate(text.slice(at + 2, end - 1), shell)); at = end }
    else if (character === '@' && text[at + 1] === '(') { const end = closing(text, at + 1); out += listed(text.slice(at + 2, end - 1), shell, evaluate); at = end }
    else if (character === '(') { const end = closing(text, at); out += textOf(evaluate(text.slice(at + 1, end - 1), shell)); at = end }
    else if (character === '$') { const found = /^\$\{?((?:env|global|script|local|using):)?([\w?^$]+)\}?/i.exec(text.slice(at)); out += found ? variable(`${found[1] ?? ''}${found[2] ?? ''}`, shell) : '$'; at += found?.[0].length ?? 1 }
    else if (character === '+' && (/\s/.test(text[at - 1] ?? ' ') || (/["')\]]/.test(text[at - 1] ?? '') && /^\s*["'($[]/.test(text.slice(at + 1))))) { at += 1; out = out.trimEnd(); while (text[at] === ' ') at += 1 }
    else { out += character === '*' || character === '?' ? GLOB : character; at += 1 }
  }
  if (out === '~' || /^~[\\/]/.test(out)) out = shell.home + out.slice(1)
  return out.replace(/^(.*?)\.(?:FullName|Path|PSPath)$/i, '$1')
}

/** `@(…)`: values, or what a command gives. */
function listed(text: string, shell: Shell, evaluate: Evaluate): string {
  if (/^\s*([A-Za-z]|&)/.test(text)) { const flow = evaluate(text, shell); return flow.paths?.join('\u0000') ?? textOf(flow) }
  return text.split(',').map((one) => valueOf(one.trim(), shell, evaluate)).join('\u0000')
}

/** `'{0}-{1}' -f 'a','b'` */
function formatted(pattern: string, values: readonly string[]): string {
  return pattern.replace(/\{(\d+)[^}]*\}/g, (_, at: string) => values[Number(at)] ?? '')
}

function interpolated(text: string, shell: Shell, evaluate: Evaluate): string {
  return text.replaceAll('""', '"').replace(/`(.)/g, (_, one: string) => ({ n: '\n', t: '\t', r: '\r', 0: '' })[one] ?? one)
    .replace(/\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g, (_, inner: string) => textOf(evaluate(inner, shell)))
    .replace(/\$\{?((?:env|global|script|using):)?(\w+)\}?/gi, (_, scope: string | undefined, name: string) => variable(`${scope ?? ''}${name}`, shell))
}

function variable(name: string, shell: Shell): string {
  const lower = name.toLowerCase().replace(/^(global|script|local|using):/, '')
  const own = shell.variables.get(`$${lower}`)
  if (typeof own === 'string') return own
  const plain = lower.replace(/^env:/, '')
  switch (plain) {
    case 'home': case 'userprofile': return shell.home
    case 'pwd': case 'psscriptroot': return shell.cwd
    case 'temp': case 'tmp': return '/tmp'
    case 'windir': case 'systemroot': return '/windows'
    case 'systemdrive': case 'homedrive': return '/'
    case 'programfiles': return '/program files'
    case 'programdata': case 'allusersprofile': return '/programdata'
    case 'appdata': return `${shell.home}/AppData/Roaming`
    case 'localappdata': return `${shell.home}/AppData/Local`
    case 'profile': return `${shell.home}/Documents/Microsoft.PowerShell_profile.ps1`
    case 'null': return '$null'
    case 'true': case 'false': return plain
    case 'pid': case 'username': case 'computername': case '?': return NAME
    default: return SECRET_NAMES.test(plain) && !NO_SECRET_NAMES.test(plain.toUpperCase()) && lower.startsWith('env:') ? SECRET : ANYTHING
  }
}

