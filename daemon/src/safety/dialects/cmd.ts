/** cmd.exe: `&`, `&&`, `|`, `%VAR%`, `^` escapes, `for`, `if`, parentheses. */
import { carryOut } from '../carry-out.ts'
import type { Interpreter } from '../scene.ts'
import { BASH } from '../shell/interpret.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import { DONE, joined, printed, type Result } from '../shell/result.ts'
import type { Shell } from '../shell/shell.ts'
import { NO_SECRET_NAMES, SECRET_NAMES } from '../places-of-note.ts'
import { ANYTHING, flowOf, GLOB, NAME, NOTHING, SECRET, type Flow } from '../text.ts'

export const CMD: Interpreter = { ...BASH, text: (text, shell) => runCmd(text, shell, shell.stdin) }

function runCmd(text: string, shell: Shell, stdin: Flow): Result {
  shell.scene.budget.bytes(text.length)
  if (shell.depth === 0 && (text.trim().endsWith('(') || text.split('"').length % 2 === 0)) shell.does('unknown', 'unknown', { target: 'a part that breaks off', certainty: 'assumed' })
  if (/%0\s*\|\s*%0/.test(text)) shell.does('proc.bomb', 'system', { target: 'a script that starts itself twice' })
  let out: Flow = NOTHING
  let flow = stdin
  let at = 0
  for (const { line, separator } of partsOf(text)) {
    shell.scene.budget.step()
    const from = text.indexOf(line, at)
    at = from + line.length
    if (shell.outerSpan === undefined) shell.span = [Math.max(0, from), Math.max(0, from) + line.length]
    const result = runLine(line, shell, flow)
    if (separator === '|') flow = result.out
    else {
      out = joined(out, result.out)
      flow = stdin
    }
    if (result.isOver) break
  }
  return { ...DONE, out }
}

/** Cut at `&`, `|` and line ends that are neither quoted nor escaped nor in parentheses. */
function partsOf(text: string): { line: string; separator: string }[] {
  const parts: { line: string; separator: string }[] = []
  let line = ''
  let isQuoted = false
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '^' && !isQuoted) { line += text[at + 1] === '\n' ? '' : (text[at + 1] ?? ''); at += 1; continue }
    if (character === '"') isQuoted = !isQuoted
    if (!isQuoted && character === '(') depth += 1
    if (!isQuoted && character === ')') depth -= 1
    if (!isQuoted && depth <= 0 && (character === '&' || character === '|' || character === '\n') && !line.endsWith('>')) {
      const isDouble = text[at + 1] === character
      parts.push({ line, separator: isDouble ? character + character : character })
      if (isDouble) at += 1
      line = ''
    } else line += character
  }
  return [...parts, { line, separator: '' }].filter(({ line: one }) => one.trim() !== '')
}

function runLine(given: string, shell: Shell, stdin: Flow): Result {
  const line = expanded(given.trim().replace(/^@+/, '').replace(/^\((.*)\)$/s, '$1'), shell)
  if (/^(rem\b|::)/i.test(line)) return DONE
  const loop = /^for\s+(?:\/[a-z]\s+)*(?:"[^"]*"\s+)?%+(\w)\s+in\s+\((.*?)\)\s+do\s+(.*)$/is.exec(line) ?? /^for\s+.*?%+(\w)\s+in\s+\((.*?)\)\s+do\s+(.*)$/is.exec(line)
  if (loop) {
    const [, name = '', list = '', body = ''] = loop
    const value = /^\s*'/.test(list) ? ANYTHING : list.trim().replace(/\*/g, GLOB)
    if (/^\s*'/.test(list)) runCmd(list.trim().slice(1, -1), shell.fork(), stdin)
    return runCmd(body.replace(new RegExp(`%+~?[a-z]*${name}`, 'gi'), () => value), shell, stdin)
  }
  const test = /^if\s+(?:\/i\s+)?(?:not\s+)?(?:exist\s+(?:"[^"]*"|\S+)|defined\s+\S+|errorlevel\s+\S+|\S+\s*==\s*\S+|\S+\s+(?:equ|neq|lss|gtr|leq|geq)\s+\S+)\s+(.*)$/is.exec(line)
  if (test) return runCmd((test[1] ?? '').replace(/\)\s*else\s*\(?/i, ' & ').replace(/^\(|\)$/g, ''), shell, stdin)
  return runWords(line, shell, stdin)
}

function runWords(line: string, shell: Shell, stdin: Flow): Result {
  let flow = stdin
  const targets: { path: string; isAppended: boolean }[] = []
  const plain = line.replace(/\d?(>>?|<)\s*("[^"]*"|&?[^\s&|<>]+)/g, (_, sign: string, target: string) => {
    const path = target.replaceAll('"', '')
    if (/^nul$/i.test(path) || path.startsWith('&')) return ' '
    if (sign === '<') flow = readFrom(path, shell)
    else targets.push({ path, isAppended: sign === '>>' })
    return ' '
  })
  // `del/f/s/q C:\x` needs no blanks.
  const [, head = '', tail = ''] = /^\s*("[^"]*"|[^\s/]+|\/\S*)(.*)$/s.exec(plain) ?? []
  const name = head.replaceAll('"', '').toLowerCase()
  const words = (tail.replace(/(\/[a-z?])(?=\/)/gi, '$1 ').match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', '').replace(/\*/g, GLOB))
  const out = start(name, words, tail, shell, flow)
  for (const { path, isAppended } of targets) writeTo(path, out.out, shell, isAppended)
  return targets.length > 0 ? { ...out, out: NOTHING } : out
}

function start(name: string, words: readonly string[], tail: string, shell: Shell, stdin: Flow): Result {
  switch (name) {
    case 'echo': case 'echo.': return printed(/^\s*(on|off)\s*$/i.test(tail) ? NOTHING : flowOf(`${tail.trim()}\n`))
    case 'cd': case 'chdir': case 'pushd': { const target = words.find((word) => !/^\/d$/i.test(word)); if (target !== undefined) shell.cwd = shell.path(target); return DONE }
    case 'exit': return { ...DONE, isOver: true }
    case 'rem': case 'title': case 'cls': case 'pause': case 'ver': case 'vol': case 'setlocal': case 'endlocal': case 'goto': case 'shift': case 'popd': case 'color': case 'prompt': case 'chcp': case 'path': case 'verify': case 'mode': return DONE
    case 'set': { const [, key, value] = /^\s*(?:\/[ap]\s+)?"?([^=]+)=([^"]*)"?/i.exec(tail) ?? []; if (key !== undefined) { shell.variables.set(`%${key.toLowerCase()}`, value ?? ''); shell.does('shell.state', 'none', { target: key }) } return DONE }
    case 'call': return runCmd(tail, shell, stdin)
    case 'start': return runCmd(tail.replace(/^\s*"[^"]*"/, '').replace(/^(\s*\/\w+)+/i, ''), shell, stdin)
    default: return printed(carryOut({ name: shell.scene.models.find(`cmd:${name}`) ? `cmd:${name}` : name, words, stdin, shell }))
  }
}

function expanded(line: string, shell: Shell): string {
  return line.replace(/%([A-Za-z_][\w()]*)(?::[^%]*)?%|!([A-Za-z_]\w*)!/g, (_, percent: string | undefined, bang: string | undefined) => {
    const name = (percent ?? bang ?? '').toLowerCase()
    const own = shell.variables.get(`%${name}`)
    if (typeof own === 'string') return own
    switch (name) {
      case 'userprofile': return shell.home
      case 'cd': return shell.cwd
      case 'temp': case 'tmp': return '/tmp'
      case 'windir': case 'systemroot': return '/windows'
      case 'systemdrive': case 'homedrive': return 'C:'
      case 'homepath': return shell.home
      case 'programfiles': case 'programfiles(x86)': return '/program files'
      case 'programdata': return '/programdata'
      case 'appdata': return `${shell.home}/AppData/Roaming`
      case 'localappdata': return `${shell.home}/AppData/Local`
      case 'comspec': return 'cmd'
      case 'username': case 'date': case 'time': case 'random': case 'computername': return NAME
      default: return SECRET_NAMES.test(name) && !NO_SECRET_NAMES.test(name.toUpperCase()) ? SECRET : ANYTHING
    }
  })
}
