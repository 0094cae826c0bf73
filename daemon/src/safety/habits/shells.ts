/** Shells started from a shell: a text, a file, or what comes in through the pipe. */
import type { Call } from '../call.ts'
import { CMD } from '../dialects/cmd.ts'
import { FISH } from '../dialects/fish.ts'
import { POWERSHELL } from '../dialects/powershell.ts'
import { ZSH } from '../dialects/zsh.ts'
import type { Interpreter } from '../scene.ts'
import { BASH } from '../shell/interpret.ts'
import { readFrom } from '../shell/redirects.ts'
import type { Shell } from '../shell/shell.ts'
import { DOWNLOADED, isKnown, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { unwrap } from './wrap.ts'

const INTERPRETERS: Readonly<Record<string, Interpreter>> = { zsh: ZSH, fish: FISH, pwsh: POWERSHELL, powershell: POWERSHELL, cmd: CMD }

export function runShell({ name, words, shell, stdin }: Call): Flow {
  const interpreter = INTERPRETERS[name] ?? BASH
  if (name === 'pwsh' || name === 'powershell') return runPwsh(words, shell, stdin)
  if (name === 'cmd') {
    const at = words.findIndex((word) => /^\/[ckr]$/i.test(word))
    return at < 0 ? interactive(stdin, interpreter, shell) : inside(words.slice(at + 1).join(' '), interpreter, shell, stdin)
  }
  if (words.some((word) => word === '--version' || word === '--help')) return NOTHING
  const { options, inner } = unwrap(words, { values: '-O +O -o --rcfile --init-file' })
  if (options.has('-n') && !options.has('-c')) return NOTHING
  if (options.has('-c') || options.has('--command')) {
    const [text = options.get('--command') ?? '', zero, ...positional] = inner
    return inside(text, interpreter, shell, stdin, zero === undefined ? [] : positional)
  }
  const begins = options.get('--rcfile') ?? options.get('--init-file')
  if (begins !== undefined && begins !== '' && begins !== '/dev/null') runFile(begins, [], interpreter, shell)
  const [file, ...positional] = inner
  if (file === undefined || file === '-' || options.has('-s')) return interactive(stdin, interpreter, shell)
  return runFile(file, positional, interpreter, shell)
}

/** `bash FILE`: what it holds, when it was written on the way. */
function runFile(file: string, positional: readonly string[], interpreter: Interpreter, shell: Shell): Flow {
  const flow = readFrom(file, shell)
  if (flow.text !== undefined && isKnown(flow.text)) return inside(flow.text, interpreter, shell, UNKNOWN_FLOW, positional)
  const place = shell.place(file)
  const scope = shell.isRoot ? 'vital' as const : 'unknown' as const
  if (flow.isDownloaded || file.includes(DOWNLOADED)) shell.does('exec.remote', scope, { target: place.path })
  else if (!isKnown(file)) shell.does('exec.unknown', scope, { target: file })
  else if (place.scope === 'temp' || place.scope === 'unknown') shell.does('exec.unknown', scope, { target: place.path, note: 'runs a file that nobody has reviewed' })
  else if (place.scope === 'device') return NOTHING
  else shell.does(shell.isRoot ? 'exec.unknown' : 'exec.project', 'project', { target: file, note: `runs the script ${file}` })
  return UNKNOWN_FLOW
}

/** What comes through the pipe is the script; without a pipe a person types. */
function interactive(stdin: Flow, interpreter: Interpreter, shell: Shell): Flow {
  if (stdin.text !== undefined) return inside(stdin.text, interpreter, shell, NOTHING)
  const scope = shell.isRoot ? 'vital' as const : 'unknown' as const
  if (stdin.isDownloaded) shell.does('exec.remote', scope, { target: 'what the pipe brings from the network' })
  else if (stdin === UNKNOWN_FLOW) shell.does(shell.isRoot ? 'privilege' : 'unknown', shell.isRoot ? 'system' : 'none', { target: 'a shell for whoever sits there' })
  else {
    shell.does('exec.unknown', scope, { target: 'what the pipe brings' })
    if (stdin.partial !== undefined) inside(stdin.partial, interpreter, shell, NOTHING)
  }
  return { ...UNKNOWN_FLOW, isShell: true }
}

function inside(text: string, interpreter: Interpreter, shell: Shell, stdin: Flow, positional: readonly string[] = []): Flow {
  if (!isKnown(text) && /^\s*[\uE000-\uE002]+\s*$/.test(text)) {
    shell.does(text.includes(DOWNLOADED) ? 'exec.remote' : 'exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: 'code that is not known' })
    return UNKNOWN_FLOW
  }
  return shell.run(text, { stdin, positional, scene: { ...shell.scene, interpreter } }).out
}

function runPwsh(words: readonly string[], shell: Shell, stdin: Flow): Flow {
  const interpreter = POWERSHELL
  for (let at = 0; at < words.length; at += 1) {
    const word = (words[at] ?? '').toLowerCase().replace(/^[-/]+/, '-')
    if (!word.startsWith('-')) return (words[at] ?? '').endsWith('.ps1') ? runFile(words[at] ?? '', [], interpreter, shell) : inside(words.slice(at).join(' '), interpreter, shell, stdin)
    if (/^-(c|co|com|comm|comma|comman|command|commandwithargs)$/.test(word)) {
      const text = words.slice(at + 1).join(' ')
      return text === '-' ? interactive(stdin, interpreter, shell) : inside(text, interpreter, shell, stdin)
    }
    if (/^-e(c|n.*)?$/.test(word)) {
      const payload = words[at + 1] ?? ''
      if (!isKnown(payload)) return inside(payload, interpreter, shell, stdin)
      return inside(Buffer.from(payload, 'base64').toString('utf16le'), interpreter, shell, stdin)
    }
    if (/^-f(i(le?)?)?$/.test(word)) return runFile(words[at + 1] ?? '', [], interpreter, shell)
    if (/^-(ex|ep|w|v|o|in|ou|conf|work|wd)/.test(word)) at += 1
  }
  return interactive(stdin, interpreter, shell)
}
