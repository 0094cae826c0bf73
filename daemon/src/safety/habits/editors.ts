/** Editors and debuggers: they change a file, and each has a way to start a shell. */
import { sorted, type Call } from '../call.ts'
import { UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'

export function editRun({ name, words, shell, stdin }: Call): Flow {
  for (const [at, word] of words.entries()) {
    const text = /^(-c|--cmd|--eval|-eval|--execute)$/.test(word) ? (words[at + 1] ?? '') : /^(\+|-c|--cmd=|--eval=)(.+)$/s.exec(word)?.[2]
    if (text === undefined) continue
    const command = /(?:^|[|:\s])(?:silent!?\s+)?!+\s*(.+)$/s.exec(text)?.[1] ?? /\bsystem(?:list)?\(\s*["']([^"']+)/.exec(text)?.[1] ?? /\(shell-command(?:-to-string)?\s+"([^"]+)"/.exec(text)?.[1] ?? /(?:py3?|python3?|perl|ruby|lua)\s+.*(?:system|execute|popen)\(\s*["']([^"']+)/.exec(text)?.[1]
    if (command !== undefined) startText(command, shell, UNKNOWN_FLOW)
    const path = /(?:^|[|:])\s*(?:w|write|saveas)!?\s+([^|\s]+)/.exec(text)?.[1]
    if (path !== undefined) shell.touch('fs.write', path, { amount: 'one' })
  }
  if (stdin.text !== undefined) for (const [, command = ''] of stdin.text.matchAll(/^!\s*(.+)$/gm)) startText(command, shell, UNKNOWN_FLOW)
  const { operands } = sorted(words, new Set(['-c', '--cmd', '-u', '-S', '-i', '-s', '-e', '--eval', '-l', '-f', '--goto', '--user-data-dir', '--install-extension']))
  if (words.includes('--install-extension')) { shell.does('install', 'system', { target: 'an extension' }); return UNKNOWN_FLOW }
  if (words.some((word) => /^(--list-extensions|--version|-R|--readonly)$/.test(word)) || name === 'view') return UNKNOWN_FLOW
  const files = operands.filter((word) => !word.startsWith('+'))
  if (/^(visudo|vipw|vigr)$/.test(name)) { if (!words.includes('-c')) shell.does(stdin === UNKNOWN_FLOW ? 'config' : 'backdoor', 'system', { target: name === 'visudo' ? 'who may become root' : 'the accounts' }) } else if (files.length === 0) shell.does('fs.write', 'project', { target: 'what is edited', certainty: 'assumed' })
  else for (const file of files) shell.touch('fs.write', file, { amount: 'one' })
  return UNKNOWN_FLOW
}

export function gdbRun({ words, shell }: Call): Flow {
  for (const [at, word] of words.entries()) {
    const text = /^(-ex|-iex|--eval-command|-o|--one-line|-c)$/.test(word) ? (words[at + 1] ?? '') : /^(?:-ex=|--eval-command=)(.*)$/s.exec(word)?.[1]
    const command = /^\s*(?:shell|!|platform shell|python.*system\(['"])\s*([^'"]+)/.exec(text ?? '')?.[1]
    if (command !== undefined) startText(command, shell, UNKNOWN_FLOW)
  }
  // In a process that runs already anything may be changed.
  if (words.some((word) => /^(-p|--pid(=.*)?|attach)$/.test(word))) shell.does('exec.unknown', 'unknown', { target: words.join(' '), note: 'acts inside a process that is running' })
  else shell.does('exec.project', 'project', { target: words.join(' ') })
  return UNKNOWN_FLOW
}

export function expectRun({ words, shell, stdin }: Call): Flow {
  const at = words.indexOf('-c')
  const text = at >= 0 ? (words[at + 1] ?? '') : stdin.text
  if (text === undefined) { shell.does('exec.project', 'project', { target: words.join(' ') }); return UNKNOWN_FLOW }
  for (const [, command = ''] of text.matchAll(/\b(?:spawn|exec|system)\s+([^;\n\]]+)/g)) startText(command, shell, UNKNOWN_FLOW)
  for (const [, command = ''] of text.matchAll(/\bsend\s+(?:--\s+)?"([^"]*?)(?:\\r|\\n)*"/g)) if (/\s/.test(command)) startText(command, shell, UNKNOWN_FLOW)
  return UNKNOWN_FLOW
}
