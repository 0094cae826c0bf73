/** Connections: shells elsewhere, raw sockets, mail, file transfer. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { readFrom } from '../shell/redirects.ts'
import { isSecret, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { isLocal } from './fetch.ts'
import { startText, startWords, unwrap } from './wrap.ts'

/** `-R` on every address, to a port that gives a shell or a screen. */
const SHELL_FOR_ALL = /^(0\.0\.0\.0|\*|\uE004|\[?::\]?)?:\d+:(localhost|127\.0\.0\.1|\[::1\]):(22|23|3389|590\d)$/
const SSH = '-p -i -l -o -L -R -D -J -F -b -c -E -e -I -m -O -Q -S -W -w -B --ssh --port'

export function sshRun({ name, words, shell, stdin }: Call): Flow {
  if (name === 'sshpass') return startWords(unwrap(words, { values: '-p -f -d -P' }).inner, shell, stdin)
  const { options, skipped, inner } = unwrap(words, { values: SSH, skip: 1 })
  const [host = ''] = skipped
  if (options.has('-V') || options.has('-Q') || options.has('-G') || host === '') return UNKNOWN_FLOW
  for (const option of valuesOfAll(words, '-o')) {
    const run = /^(?:ProxyCommand|LocalCommand|KnownHostsCommand)[= ](.*)$/is.exec(option)?.[1]
    if (run !== undefined && run !== 'none') startText(run, shell, UNKNOWN_FLOW)
  }
  const opened = valuesOfAll(words, '-R')
  if (opened.some((one) => SHELL_FOR_ALL.test(one))) shell.does('backdoor', 'remote', { target: host, note: 'lets whoever reaches that host log in here' })
  else if (options.has('-R')) shell.does('net.listen', 'remote', { target: host, note: 'opens a port of this machine to another one' })
  const isOwn = isLocal(host.replace(/^.*@/, ''))
  if (stdin.isSecret && !isOwn) shell.does('secret.send', 'remote', { target: host })
  else if (stdin !== UNKNOWN_FLOW && stdin.text === undefined && inner.length > 0 && /\b(sh|bash|zsh|python3?|tee|dd|cat\s*>)/.test(inner.join(' '))) shell.does('remote.write', 'remote', { target: host })
  if (inner.length === 0) {
    if (stdin.text !== undefined && stdin.text !== '') return startText(stdin.text, shell, UNKNOWN_FLOW, { where: 'remote', cwd: '/home/user' })
    shell.does(options.has('-N') ? 'net.out' : 'unknown', 'none', { target: host, note: options.has('-N') ? 'keeps a tunnel open' : 'a shell on another machine, for whoever sits there' })
    return UNKNOWN_FLOW
  }
  return { ...startText(inner.join(' '), shell, stdin, { where: 'remote', isRoot: host.startsWith('root@') || shell.isRoot }), isDownloaded: true }
}

function valuesOfAll(words: readonly string[], name: string): string[] {
  return words.flatMap((word, at) => (word === name ? [words[at + 1] ?? ''] : word.startsWith(name) && word.length > name.length ? [word.slice(name.length)] : []))
}

export function ncRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-p -s -w -i -X -x -e -c -q -I -O -T -V -M -g -G --exec --sh-exec --wait --proxy'.split(' ')))
  const target = operands.join(':')
  if (has(flags, '-e', '-c', '--exec', '--sh-exec') || flags.has('--lua-exec')) {
    shell.does('backdoor', 'remote', { target, note: 'hands a program of this machine to whoever is at the other end' })
    return UNKNOWN_FLOW
  }
  if (flags.has('-z')) return UNKNOWN_FLOW
  if (has(flags, '-l', '--listen')) shell.does('net.listen', 'remote', { target })
  else if (stdin.isShell === true) shell.does('backdoor', 'remote', { target, note: 'hands a shell of this machine to whoever is at the other end' })
  else if (stdin.isSecret) shell.does('secret.send', 'remote', { target })
  else if (isLocal(operands[0] ?? '')) shell.does('net.out', 'none', { target })
  else shell.does('net.out', stdin === UNKNOWN_FLOW ? 'none' : 'remote', { target })
  return { ...UNKNOWN_FLOW, isDownloaded: true }
}

export function socatRun({ words, shell }: Call): Flow {
  const text = words.join(' ')
  const runs = /\b(exec|system):(?:'|")?([^,'"]+)/i.exec(text)
  const isNetwork = /\b(tcp|udp|ssl|openssl|sctp)[46]?(-connect|-listen|-l|-recv)?:/i.test(text)
  if (runs && isNetwork) shell.does('backdoor', 'remote', { target: text, note: 'hands a program of this machine to whoever is at the other end' })
  else if (runs) startText(runs[2] ?? '', shell, UNKNOWN_FLOW)
  else if (isNetwork) shell.does(/listen|-l:/i.test(text) ? 'net.listen' : 'net.out', 'remote', { target: text })
  else shell.does('unknown', 'none', { target: text })
  return { ...UNKNOWN_FLOW, isDownloaded: isNetwork }
}

export function ftpRun({ words, shell, stdin }: Call): Flow {
  const text = `${words.join(' ')} ${stdin.text ?? ''}`
  for (const [, command = ''] of text.matchAll(/(?:^|[\n;]|\s)!\s*([^\n;]+)/g)) startText(command, shell, UNKNOWN_FLOW)
  const isSecretSent = /\b(put|mput|mirror\s+(-R|--reverse)|send|append)\b/.test(text) && text.split(/\s+/).some((word) => shell.place(word).isSecret)
  if (isSecretSent || stdin.isSecret) shell.does('secret.send', 'remote', { target: words.join(' ') })
  else if (/\b(put|mput|mirror\s+(-R|--reverse)|send|append|reput)\b|ncftpput/.test(text)) shell.does('remote.write', 'remote', { target: words.join(' ') })
  else if (/\b(rm|mrm|delete|mdelete|rmdir|deltree)\b/.test(text)) shell.does('remote.destroy', 'remote', { target: words.join(' ') })
  else shell.does('unknown', 'none', { target: words.join(' ') })
  return UNKNOWN_FLOW
}

export function mailRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-s -a -A -c -b -r -S -f -t --attach -q -u'.split(' ')))
  if (has(flags, '-e', '-H') && operands.length === 0) return UNKNOWN_FLOW
  const files = valuesOf(flags, '-a', '-A', '--attach')
  const leaks = stdin.isSecret || words.some(isSecret) || files.some((file) => readFrom(file, shell).isSecret)
  shell.does(leaks ? 'secret.send' : 'remote.write', 'remote', { target: operands.join(' '), note: leaks ? undefined : 'sends mail' })
  return UNKNOWN_FLOW
}


/** A name that is looked up is told to whoever answers for it. */
export function tells({ words, shell }: Call): void {
  if (words.some(isSecret)) shell.does('secret.send', 'remote', { target: words.join(' '), note: 'tells a secret to whoever answers' })
  // What stands in front of a fixed name is told to the owner of that name.
  else if (words.some((word) => /^[\uE000\uE002][^.]*\.[\w-]+\.[a-z]/i.test(word))) shell.does('net.out', 'remote', { target: words.join(' '), note: 'tells what it found to whoever answers' })
}
