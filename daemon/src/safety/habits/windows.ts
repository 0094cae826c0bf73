/** Copies of cmd.exe, and what it prints. */
import { contentOf, has, type Call } from '../call.ts'
import { writeTo } from '../shell/redirects.ts'
import { UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startWords } from './wrap.ts'

export function cmdCopy({ name, flags, operands, shell }: Call): Flow {
  const [from = '', to = '.'] = operands
  if (has(flags, '/l')) return UNKNOWN_FLOW
  const flow = contentOf([from], { stdin: UNKNOWN_FLOW, shell })
  const isRename = /ren(ame)?$/.test(name)
  writeTo(isRename ? from : to.startsWith('\\\\') ? '/mnt/share' : to, flow, shell)
  if (flow.isSecret && shell.place(to).scope !== 'project') shell.does('secret.read', 'secret', { target: from, note: 'copies a credential to another place' })
  if (has(flags, '/mir', '/purge')) shell.touch('fs.delete', to, { amount: 'many' })
  if (name.endsWith('move') || has(flags, '/mov', '/move')) {
    const { scope } = shell.place(from)
    if (scope !== 'project' && scope !== 'build' && scope !== 'temp') shell.touch('fs.delete', from, { amount: 'one' })
  }
  return UNKNOWN_FLOW
}

export function cmdType(call: Call): Flow {
  return { ...contentOf(call.operands, call), text: undefined }
}

export function wslRun({ words, shell, stdin }: Call): Flow {
  const [first = '', second = ''] = words
  if (/^(--list|-l|--status|--version|--help)$/.test(first)) return UNKNOWN_FLOW
  if (first === '--unregister') shell.does('fs.delete', 'system', { amount: 'all', target: `the whole system ${second}` })
  else if (/^--(install|update|import|set-version|set-default|shutdown|terminate|export|mount)/.test(first)) shell.does('install', 'system', { target: words.join(' ') })
  else {
    const at = words.findIndex((word) => word === '--' || word === '-e' || word === '--exec')
    return startWords(at >= 0 ? words.slice(at + 1) : words.filter((word, index) => !/^-(d|u)$/.test(word) && !/^-(d|u)$/.test(words[index - 1] ?? '')), shell, stdin)
  }
  return UNKNOWN_FLOW
}
