/** Starters with habits of their own: sudo, env, xargs, at, crontab, tmux. */
import type { Call } from '../call.ts'
import { runLater } from '../shell/later.ts'
import { readFrom } from '../shell/redirects.ts'
import { ANYTHING, flowOf, NOTHING, quoted, SECRET, DOWNLOADED, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText, startWords, unwrap } from './wrap.ts'

const SUDO = '-u -g -h -p -C -T -r -t -D -R -a -c --user --group --host --prompt --chdir --role --type'

export function sudoRun({ words, shell, stdin }: Call): Flow {
  const { options, inner } = unwrap(words, { values: SUDO, isEnvironment: true })
  if (options.has('-l') || options.has('--list') || options.has('-V') || options.has('-v') || options.has('-k') || options.has('-K') || options.has('--help') || options.has('--version')) return NOTHING
  if (options.has('-e') || options.has('--edit')) {
    for (const path of inner) shell.touch('fs.write', path, { amount: 'one' })
    return NOTHING
  }
  const user = options.get('-u') ?? options.get('--user') ?? 'root'
  shell.does('privilege', inner.length === 0 ? 'system' : 'none', { target: user === 'root' ? 'as root' : `as ${user}` })
  const program = shell.program
  const out = startWords(inner, shell, stdin, { isRoot: user === 'root' || user === '#0' })
  shell.program = program
  return inner.length === 0 ? NOTHING : out
}

export function suRun({ name, words, shell, stdin }: Call): Flow {
  const isSu = name === 'su' || name === 'runuser'
  const { options, inner } = unwrap(words, { values: '-c --command -s --shell -g -G -u --user', skip: isSu ? 0 : name === 'pkexec' ? 0 : 1 })
  const text = options.get('-c') ?? options.get('--command') ?? inner[inner.indexOf('-c') + 1]
  const isRoot = isSu ? !inner.some((word) => /^[a-z_]/.test(word) && word !== 'root' && word !== text) : name === 'pkexec'
  const hasText = options.has('-c') || options.has('--command') || inner.includes('-c')
  if (isSu && !options.has('-u')) {
    shell.does('privilege', hasText ? 'none' : 'system', { target: isRoot ? 'as root' : 'as another user' })
    if (hasText && text !== undefined) return startText(text, shell, stdin, { isRoot })
    return stdin === UNKNOWN_FLOW ? NOTHING : startText(stdin.text ?? (stdin.isDownloaded ? DOWNLOADED : ANYTHING), shell, UNKNOWN_FLOW, { isRoot })
  }
  shell.does('privilege', 'none', { target: 'as another user' })
  return startWords(inner, shell, stdin, { isRoot })
}

export function envRun({ words, shell, stdin }: Call): Flow {
  const split = words.findIndex((word) => /^(-S|--split-string)/.test(word))
  if (split >= 0) return startText(`${/^-S(.+)|^--split-string=(.+)/s.exec(words[split] ?? '')?.slice(1).find(Boolean) ?? ''} ${words.slice(split + 1).join(' ')}`, shell, stdin)
  const { inner } = unwrap(words, { values: '-u --unset -C --chdir -P', isEnvironment: true })
  const settings = words.slice(0, words.length - inner.length).filter((word) => /^[A-Za-z_]\w*=/.test(word))
  if (inner.length > 0) return startText([...settings.map((setting) => setting.replace(/^(\w+=)(.*)$/s, (_, name: string, value: string) => name + quoted(value))), ...inner.map(quoted)].join(' '), shell, stdin)
  // All of them on the screen: names and values; what flows on may hold keys.
  return shell.environment()
}

const XARGS = '-n -L -P -I -J -d -a -s -E -r: --max-args --max-procs --delimiter --arg-file --max-lines'

/** The words come from the pipe: known text, paths, or nobody knows. */
export function xargsRun({ words, shell, stdin }: Call): Flow {
  const { options, inner } = unwrap(words, { values: XARGS })
  const command = inner.length === 0 ? ['echo'] : inner
  const attached = words.find((word) => /^-i./.test(word) && command.length > 0 && !words.slice(words.indexOf(command[0] ?? '')).includes(word))?.slice(2)
  const replaced = options.get('-I') ?? options.get('-J') ?? options.get('--replace') ?? attached ?? (options.has('-i') ? '{}' : undefined)
  if (stdin.isEndless === true && (options.has('-P') || options.has('--max-procs') || command.some((word) => word.includes('&')))) shell.does('proc.bomb', 'system', { target: 'processes without end' })
  const file = options.get('-a') ?? options.get('--arg-file')
  const flow = file === undefined ? stdin : readFrom(file, shell)
  const given = flow.text !== undefined ? flow.text.split(replaced === undefined ? /[\s\0]+/ : /[\n\0]+/).filter((one) => one !== '').slice(0, 50) : (flow.paths ?? [flow.isSecret ? SECRET : flow.isDownloaded ? DOWNLOADED : ANYTHING])
  // Without input it runs once all the same.
  if (given.length === 0) return options.has('-r') || options.has('--no-run-if-empty') || replaced !== undefined ? NOTHING : startWords(command, shell, UNKNOWN_FLOW)
  if (replaced !== undefined) {
    let out: Flow = UNKNOWN_FLOW
    for (const one of given.slice(0, 12)) out = startWords(command.map((word) => word.replaceAll(replaced === '' ? '{}' : replaced, one)), shell, UNKNOWN_FLOW)
    return out
  }
  // `… | xargs kill` of one number each is still every one of them.
  return startWords([...command, ...given], shell, UNKNOWN_FLOW)
}

export function parallelRun({ words, shell, stdin }: Call): Flow {
  const { inner } = unwrap(words, { values: '-j --jobs -n -N -a --arg-file --joblog --delay --timeout --retries -S --sshlogin --results --colsep' })
  const at = inner.findIndex((word) => /^:::[:+]?$/.test(word))
  const command = at < 0 ? inner : inner.slice(0, at)
  const given = at < 0 ? (stdin.text?.split('\n').filter((one) => one !== '') ?? stdin.paths ?? [ANYTHING]) : inner.slice(at + 1).filter((word) => !/^::::?\+?$/.test(word))
  for (const one of given.slice(0, 12)) {
    const isPlaced = command.some((word) => word.includes('{'))
    // Alone each is a command line; behind a command it is one word of it.
    const value = command.length === 0 ? one : quoted(one)
    startText([...command.map((word) => word.replace(/\{[/.#%]*\}/g, value)), ...(isPlaced ? [] : [value])].join(' '), shell, UNKNOWN_FLOW)
  }
  return UNKNOWN_FLOW
}

export function watchRun({ words, shell, stdin }: Call): Flow {
  const { inner } = unwrap(words, { values: '-n --interval' })
  return startText(inner.join(' '), shell, stdin)
}

export function flockRun({ words, shell, stdin }: Call): Flow {
  const { options, inner } = unwrap(words, { values: '-w -E --timeout -t --conflict-exit-code', skip: 1 })
  const text = options.get('-c') ?? ''
  if (options.has('-c') && text === '') return startText(inner.join(' '), shell, stdin)
  return inner[0] === '-c' ? startText(inner.slice(1).join(' '), shell, stdin) : startWords(inner, shell, stdin)
}

export function scriptRun({ words, shell, stdin }: Call): Flow {
  const { options, inner } = unwrap(words, { values: '-c --command -t -T -E -I -O -B --log-out --log-in' })
  const text = options.get('-c') ?? options.get('--command')
  if (text !== undefined) return startText(text, shell, stdin)
  for (const path of inner.slice(0, 1)) shell.touch('fs.write', path, { amount: 'one' })
  if (inner.length > 1) return startWords(inner.slice(1), shell, stdin)
  shell.does('unknown', 'none', { target: 'a shell for whoever sits there' })
  return UNKNOWN_FLOW
}

export function atRun({ words, shell, stdin }: Call): Flow {
  const { options } = unwrap(words, { values: '-f -q -t' })
  if (options.has('-l') || options.has('-V')) return NOTHING
  shell.does('persistence', 'startup', { target: 'a job for later' })
  const file = options.get('-f')
  const flow = file === undefined ? stdin : readFrom(file, shell)
  const text = flow.text ?? flow.partial
  return text === undefined ? NOTHING : startText(text, shell, NOTHING)
}

export function crontabRun({ words, shell, stdin }: Call): Flow {
  const { options, inner } = unwrap(words, { values: '-u' })
  if (options.has('-l')) return UNKNOWN_FLOW
  if (options.has('-r')) {
    shell.does('fs.delete', 'startup', { amount: 'many', target: 'the whole table of jobs' })
    return NOTHING
  }
  shell.does('persistence', 'startup', { target: 'the table of jobs' })
  const [file] = inner
  const flow = file === undefined || file === '-' ? stdin : readFrom(file, shell)
  const text = flow.text ?? flow.partial
  if (text !== undefined) runLater(text, shell)
  return NOTHING
}

/** A terminal that goes on without us: what is typed into it, is run. */
export function sessionRun({ name, words, shell }: Call): Flow {
  const verb = words.find((word) => !word.startsWith('-')) ?? ''
  if (/^kill-(server|session|window|pane)$/.test(verb) || words.includes('quit')) {
    shell.does('proc.kill', verb === 'kill-server' ? 'system' : 'none', { amount: verb === 'kill-server' ? 'many' : 'one', target: 'terminals and what runs in them' })
    return NOTHING
  }
  if (/^(ls|list-\w+|info|display(-message)?|show-\w+|capture-pane|has(-session)?|attach(-session)?|a|lsk)$/.test(verb) || words.some((word) => /^-(ls|list|r|x)$/.test(word))) return UNKNOWN_FLOW
  const at = words.findIndex((word) => /^(send-keys|send|new|new-session|neww|new-window|split-window|run-shell|run|if-shell|respawn-pane)$/.test(word))
  const { inner } = unwrap(words.slice(at + 1), { values: name === 'tmux' ? '-t -s -n -c -x -y -F -e' : '-S -d:m -t -p -L -c' })
  const rest = name === 'screen' ? afterScreen(words) : inner
  const text = rest.filter((word) => !/^(Enter|C-m|C-c|KPEnter)$/.test(word))
  if (text.length === 0) shell.does('unknown', 'none', { target: 'a terminal' })
  else startText(text.length === 1 ? (text[0] ?? '') : text.map((word) => (/\s/.test(word) && verb !== 'send-keys' ? `'${word.replaceAll("'", "'\\''")}'` : word)).join(' '), shell, flowOf(''))
  return UNKNOWN_FLOW
}

/** A window with a shell in it; on somebody else's screen it is theirs. */
export function terminalRun({ words, flags, shell }: Call): Flow {
  const display = flags.get('--display')?.[0] ?? ''
  if (/^[\w.-]+:\d/.test(display) && !/^(localhost|127\.|unix)/.test(display)) shell.does('backdoor', 'remote', { target: display, note: 'hands a shell of this machine to another screen' })
  const at = words.findIndex((word) => /^(-e|-x|--execute|--command|--|start)$/.test(word))
  if (at < 0) shell.does('unknown', 'none', { target: 'a terminal' })
  else if (at === words.length - 2) return startText(words.at(-1) ?? '', shell, UNKNOWN_FLOW)
  else return startWords(words.slice(at + 1), shell, UNKNOWN_FLOW)
  return UNKNOWN_FLOW
}

/** `screen -dmS NAME CMD`: the last letter of a cluster takes the next word. */
function afterScreen(words: readonly string[]): readonly string[] {
  let at = 0
  while (at < words.length && (words[at] ?? '').startsWith('-')) at += /[SctpTsh]$/.test(words[at] ?? '') ? 2 : 1
  return words[at] === 'stuff' ? words.slice(at + 1) : words.slice(at)
}
