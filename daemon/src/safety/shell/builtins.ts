/** What the shell does itself. */
import { judgeEnvironment } from './environment.ts'
import { ANYTHING, flowOf, isKnown, isSecret, NOTHING, quoted, SECRET, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { printfOf, unescaped } from '../fold.ts'
import { readFrom } from './redirects.ts'
import { DONE, printed, type Result } from './result.ts'
import type { Shell } from './shell.ts'

export interface BuiltinCall {
  readonly words: readonly string[]
  readonly stdin: Flow
  readonly shell: Shell
}
type Builtin = (call: BuiltinCall) => Result

const succeeds: Result = { ...DONE, succeeds: true }
const fails: Result = { ...DONE, succeeds: false }

const leave: Builtin = () => ({ ...DONE, isOver: true })
const nothing: Builtin = () => DONE
const well: Builtin = () => succeeds

export const BUILTINS: Readonly<Record<string, Builtin>> = {
  'true': well, ':': well, 'false': () => fails, 'test': nothing, '[': nothing, 'let': nothing, 'wait': nothing, 'shift': shift, 'break': nothing, 'continue': nothing, 'jobs': nothing, 'times': nothing, 'type': nothing, 'which': nothing, 'hash': nothing, 'dirs': nothing, 'bg': nothing, 'fg': nothing, 'suspend': nothing, 'getopts': nothing,
  'exit': leave, 'logout': leave, 'return': leave,
  'echo': ({ words, shell }) => printed(flowOf(echoed(words, shell))),
  'print': ({ words, shell }) => printed(flowOf(echoed(words.filter((word) => !/^-[a-zA-Z]+$/.test(word)), shell))),
  'printf': ({ words, shell }) => {
    const isAssigned = words[0] === '-v'
    const [format = '', ...values] = isAssigned ? words.slice(2) : words[0] === '--' ? words.slice(1) : words
    const text = printfOf(format, values)
    if (isAssigned && words[1] !== undefined) shell.variables.set(words[1], text)
    return isAssigned ? DONE : printed(flowOf(text))
  },
  'pwd': ({ shell }) => printed(flowOf(`${shell.cwd}\n`)),
  'cd': changeDirectory, 'pushd': changeDirectory, 'popd': ({ shell }) => { shell.cwd = ANYTHING; return DONE }, 'chdir': changeDirectory,
  'export': declare, 'declare': declare, 'typeset': declare, 'local': declare, 'readonly': declare,
  'unset': ({ words, shell }) => { for (const word of words) shell.variables.delete(word); if (words.includes('HISTFILE')) shell.does('audit.off', 'audit', { target: 'the history of this shell' }); return DONE },
  'set': ({ words, shell }) => {
    const at = words.indexOf('--')
    if (at >= 0) shell.positional = words.slice(at + 1)
    else if (words[0] !== undefined && !/^[-+]/.test(words[0])) shell.positional = words
    if (words[0] === '+o' && words[1] === 'history') shell.does('audit.off', 'audit', { target: 'the history of this shell' })
    return words.length === 0 ? printed(shell.environment()) : DONE
  },
  'shopt': nothing, 'setopt': nothing, 'unsetopt': nothing, 'ulimit': nothing, 'umask': ({ words, shell }) => { if (words.some((word) => /^[0-7ugo]/.test(word))) shell.does('shell.state', 'none', { target: 'the mask of new files' }); return DONE }, 'bind': nothing, 'complete': nothing, 'compgen': nothing, 'compopt': nothing, 'autoload': nothing, 'zstyle': nothing, 'bindkey': nothing, 'caller': nothing, 'enable': nothing, 'disown': nothing, 'builtin': ({ words: [name = '', ...words], ...rest }) => BUILTINS[name]?.({ words, ...rest }) ?? DONE,
  'read': ({ words, stdin, shell }) => {
    const names = words.filter((word) => !word.startsWith('-'))
    const lines = stdin.text?.split('\n')[0]
    const value = lines ?? (stdin.paths?.length === 1 ? stdin.paths[0] : undefined) ?? (stdin.isSecret ? '\uE001' : stdin.isDownloaded ? '\uE002' : ANYTHING)
    const fields = names.length > 1 && lines !== undefined ? lines.split(/\s+/) : [value]
    names.forEach((name, index) => shell.variables.set(name, names.length > 1 && lines === undefined ? ANYTHING : index === names.length - 1 ? fields.slice(index).join(' ') : (fields[index] ?? '')))
    return DONE
  },
  'mapfile': mapFile, 'readarray': mapFile,
  'alias': ({ words, shell }) => {
    for (const word of words.filter((one) => one.includes('='))) {
      const body = word.slice(word.indexOf('=') + 1)
      shell.aliases.set(word.slice(0, word.indexOf('=')), body)
      shell.does('shell.state', 'none', { target: word })
      // Delayed, but the same: it has the level of what it will do.
      if (shell.depth < 6) shell.run(body, { aliases: new Map() })
    }
    return DONE
  },
  'unalias': nothing,
  'eval': ({ words, shell, stdin }) => {
    const text = words.join(' ')
    return unknownCode(text, shell) ?? shell.scene.interpreter.text(text, withOuter(shell, stdin))
  },
  'source': source, '.': source,
  'trap': ({ words, shell }) => {
    const [code = ''] = words.filter((word) => !/^-[lp]$/.test(word))
    if (code !== '' && code !== '-' && words.length > 1) return unknownCode(code, shell) ?? { ...shell.run(code), out: NOTHING, isOver: false }
    return DONE
  },
  'history': ({ words, shell }) => {
    if (words.some((word) => /^-[cdw]/.test(word))) shell.does('audit.off', 'audit', { target: 'the history of this shell', note: 'deletes the history of this shell' })
    // What was typed: nobody sends it anywhere, and a password that is looked for in it is one.
    return words.some((word) => /^-[acdnprsw]/.test(word)) ? DONE : printed({ ...UNKNOWN_FLOW, isSecret: true, isEnvironment: true })
  },
  'fc': nothing,
  'command': ({ words, stdin, shell }) => (/^-[vV]$/.test(words[0] ?? '') ? DONE : shell.run(words.filter((word, at) => at > 0 || word !== '-p').map(quoted).join(' '), { stdin })),
}

function shift({ words, shell }: BuiltinCall): Result {
  if (shell.positional) shell.positional = shell.positional.slice(Number(words[0] ?? 1) || 1)
  return DONE
}

function echoed(words: readonly string[], shell: Shell): string {
  const options = words.findIndex((word) => !/^-[neE]+$/.test(word))
  const flags = options < 0 ? words.join('') : words.slice(0, options).join('')
  const text = (options < 0 ? [] : words.slice(options)).join(' ')
  shell.scene.budget.bytes(text.length)
  return `${flags.includes('e') ? unescaped(text) : text}${flags.includes('n') ? '' : '\n'}`
}

function changeDirectory({ words, shell }: BuiltinCall): Result {
  const target = words.find((word) => !/^-[LPe@n]+$|^--$/.test(word))
  const before = shell.cwd
  shell.cwd = target === undefined ? shell.home : target === '-' ? (shell.variable('OLDPWD') as string | undefined) ?? ANYTHING : shell.path(target)
  shell.variables.set('OLDPWD', before)
  return DONE
}

function declare({ words, shell }: BuiltinCall): Result {
  if (words.every((word) => /^-[a-zA-Z]+$/.test(word))) return printed(shell.environment())
  for (const word of words) {
    const at = word.indexOf('=')
    // `export $(cat .env | xargs)`: the names are not known, the values are secrets.
    if (isSecret(word)) shell.variables.set(SECRET, SECRET)
    if (at < 0) continue
    const name = word.slice(0, at).replace(/\+$/, '')
    const text = word.slice(at + 1)
    shell.variables.set(name, text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1).split(' ') : text)
    if (shell.program === 'export') shell.does('shell.state', 'none', { target: readableName(name) })
    judgeEnvironment(name, text, shell)
  }
  return DONE
}

function readableName(name: string): string {
  return `the variable ${name}`
}

function mapFile({ words, stdin, shell }: BuiltinCall): Result {
  const name = words.filter((word) => !word.startsWith('-')).at(-1) ?? 'MAPFILE'
  shell.variables.set(name, stdin.text === undefined ? (stdin.paths ?? [ANYTHING]) : stdin.text.split('\n').filter((line) => line !== ''))
  return DONE
}

function source({ words, shell, stdin }: BuiltinCall): Result {
  const [path = ''] = words
  if (path === '/dev/stdin' || path === '-' || (path === '' && stdin !== UNKNOWN_FLOW)) return runFlow(stdin, shell)
  const place = shell.place(path)
  const flow = readFrom(path, shell)
  if (place.isSecret) shell.variables.set(SECRET, SECRET)
  if (flow.text !== undefined || flow.isDownloaded) return runFlow(flow, shell)
  if (!isKnown(path)) shell.does('exec.unknown', 'unknown', { target: path, note: 'runs a file that cannot be known' })
  else if (place.scope === 'temp' || place.scope === 'unknown') shell.does('exec.unknown', 'unknown', { target: place.path, note: 'runs a file that nobody has reviewed' })
  else shell.does('exec.project', 'project', { target: place.path, note: `runs ${place.path} in this shell` })
  return DONE
}

function runFlow(flow: Flow, shell: Shell): Result {
  if (flow.text !== undefined) return unknownCode(flow.text, shell) ?? shell.scene.interpreter.text(flow.text, withOuter(shell, NOTHING))
  shell.does(flow.isDownloaded ? 'exec.remote' : 'exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: flow.isDownloaded ? 'a download' : 'an input' })
  return DONE
}

/** Code of which a part is not known cannot be judged. */
function unknownCode(text: string, shell: Shell): Result | undefined {
  if (isKnown(text)) return undefined
  if (/^[\uE000-\uE002]+$/.test(text.trim()) || /^\s*[\uE000-\uE002]/.test(text)) {
    shell.does(text.includes('\uE002') ? 'exec.remote' : 'exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: text, note: isSecret(text) ? 'runs a secret as code' : undefined })
    return DONE
  }
  return undefined
}

/** `eval` and `source` act on this very shell, yet their offsets are not those of the line. */
function withOuter(shell: Shell, stdin: Flow): Shell {
  const inner = shell.inside({ stdin })
  return Object.assign(inner, { variables: shell.variables, functions: shell.functions, aliases: shell.aliases })
}
