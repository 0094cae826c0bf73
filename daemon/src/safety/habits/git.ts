/** What only git does: pushes, clones, settings, commands hidden in settings; unknown sub-commands are aliases or programs. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { holdsSecret } from '../place.ts'
import { ANYTHING, flowOf, isSecret, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'

const SHARED = /^(refs\/heads\/)?(main|master|trunk|develop|development|dev|production|prod|release([-/].*)?|staging|stable|gh-pages|default|HEAD:(refs\/heads\/)?(main|master|develop|production|release.*)|.*:(refs\/heads\/)?(main|master|trunk|develop|production|prod|release([-/].*)?))$/
/** Settings whose value git runs. */
const RUN_SETTINGS = /^(core\.(pager|editor|sshcommand|fsmonitor|hookspath|askpass|gitproxy)|alias\..+|pager\..+|diff\..*(external|command|textconv)|merge\..*\.driver|filter\..*\.(clean|smudge|process)|credential\..*helper|credential\.helper|sequence\.editor|uploadpack\..*|gpg\.program|mergetool\..*\.cmd|difftool\..*\.cmd|browser\..*\.cmd|http\.proxy|remote\..*\.(uploadpack|receivepack|proxy|vcs))$/i

const GLOBAL = new Set('-C -c --git-dir --work-tree --namespace --exec-path --config-env'.split(' '))

/** Called for what `subs` does not name. */
export function gitRun(call: Call): Flow {
  const { words, shell } = call
  const first = sorted(words, GLOBAL)
  const sub = first.operands[0] ?? ''
  const at = words.indexOf(sub)
  const rest = words.slice(at + 1)
  if (sub === '') return NOTHING
  if (sub === 'push') return push(rest, call)
  if (sub === 'clone') return clone(rest, call)
  if (sub === 'config') return config(rest, call)
  const alias = valuesOf(first.flags, '-c').find((setting) => setting.toLowerCase().startsWith(`alias.${sub.toLowerCase()}=`))?.replace(/^[^=]*=/, '')
  if (alias !== undefined) return startText(alias.startsWith('!') ? alias.slice(1) : `git ${alias} ${rest.join(' ')}`, shell, UNKNOWN_FLOW)
  shell.does('unknown', 'none', { target: `git ${sub}`, note: `git ${sub} is an alias or a program of its own` })
  return UNKNOWN_FLOW
}

/** For every call of git: `-c core.pager='!…'`, `rebase --exec`, `bisect run`, `submodule foreach`, `--upload-pack`. */
export function hiddenCommands({ words, shell }: Pick<Call, 'words' | 'shell'>): void {
  // A remote that is a command: `ext::sh -c …`, a blank of it written `% `.
  for (const word of words) if (word.startsWith('ext::')) startText(word.slice(5).replaceAll('% ', '\\ ').replaceAll('%%', '%'), shell, UNKNOWN_FLOW)
  for (const [at, word] of words.entries()) {
    if (word === '-c' && words[at + 1] !== undefined) {
      const [name = '', value = ''] = (words[at + 1] ?? '').split(/=(.*)/s)
      if (RUN_SETTINGS.test(name) && !/^alias\./i.test(name)) judgeSetting(value, shell)
    }
    if (word === '-x' || word === '--exec' || word === '--tree-filter' || word === '--index-filter' || word === '--msg-filter') startText(words[at + 1] ?? '', shell, UNKNOWN_FLOW)
    const joined = /^--(exec|upload-pack|receive-pack|extcmd|tree-filter)=(.*)$/s.exec(word)?.[2]
    if (joined !== undefined) startText(joined, shell, UNKNOWN_FLOW)
  }
  remember(words, shell)
  const run = words.indexOf('run')
  if (words[run - 1] === 'bisect') startText(words.slice(run + 1).join(' '), shell, UNKNOWN_FLOW)
  const each = words.indexOf('foreach')
  if (words[each - 1] === 'submodule') startText(words.slice(each + 1).filter((word) => !/^--(recursive|quiet)$/.test(word)).join(' '), shell, UNKNOWN_FLOW)
}

/** Where a token of one's own belongs. */
const HOSTS_OF_CODE = /^\w+:\/\/([^/@]*@)?[^/]*(github|gitlab|bitbucket|gitea|codeberg|azure|visualstudio|ghe|\bgit\.|\bcode\.|[\uE000-\uE003])/i

/** What a later push takes along, and where it goes. */
function remember(words: readonly string[], shell: Call['shell']): void {
  const { operands: [sub = '', ...operands] } = sorted(words, GLOBAL)
  const addresses = words.filter((word) => /^(https?|ssh|git):\/\//.test(word))
  if (/^(push|fetch|pull|clone|ls-remote)$/.test(sub) && words.some(isSecret) && addresses.some((address) => !HOSTS_OF_CODE.test(address))) shell.does('secret.send', 'remote', { target: addresses.join(' '), note: 'shows a secret to a host that is not known' })
  if (sub === 'add' && operands.some((path) => holdsSecret(path))) shell.files.set(indexOf(shell), { ...UNKNOWN_FLOW, isSecret: true })
  const [verb = '', name = '', address = ''] = operands
  if (sub === 'remote' && /^(add|set-url)$/.test(verb) && address !== '') shell.files.set(addressOf(name, shell), flowOf(address))
}

const indexOf = (shell: Call['shell']) => shell.path('.git/index')
const addressOf = (remote: string, shell: Call['shell']) => shell.path(`.git/remotes/${remote}`)

function judgeSetting(value: string, shell: Call['shell']): void {
  const text = value.startsWith('!') ? value.slice(1) : value
  if (value.startsWith('!') || /[\s;|&$`]/.test(text)) startText(text, shell, UNKNOWN_FLOW)
  else if (/^\.{0,2}\/|\/tmp\//.test(text)) shell.does('exec.unknown', 'unknown', { target: text, note: 'git is told to run it' })
}

const PUSH_VALUES = new Set('-o --push-option --receive-pack --exec --repo --recurse-submodules'.split(' '))

function push(words: readonly string[], { shell }: Call): Flow {
  const { flags, operands } = sorted(words, PUSH_VALUES)
  if (has(flags, '-n', '--dry-run')) return NOTHING
  const [remote = '', ...refs] = operands
  const isForced = has(flags, '-f', '--force', '--force-with-lease', '--force-if-includes') || refs.some((ref) => ref.startsWith('+'))
  const isDeleted = has(flags, '-d', '--delete') || refs.some((ref) => ref.startsWith(':'))
  const plain = refs.map((ref) => ref.replace(/^[+:]/, ''))
  const isShared = plain.some((ref) => SHARED.test(ref))
  const target = refs.join(' ') || 'the present branch'
  if (has(flags, '--mirror') || (has(flags, '--all', '--branches', '--prune') && (isForced || has(flags, '--prune')))) shell.does('remote.write', 'main', { target: 'every branch', note: 'overwrites or deletes every branch of the remote' })
  else if ((isForced || isDeleted) && isShared) shell.does('remote.write', 'main', { target, note: isDeleted ? 'deletes a branch that others share' : 'overwrites a branch that others share' })
  else if (isDeleted) shell.does('remote.destroy', 'remote', { target })
  else if (isForced) shell.does('remote.write', 'remote', { target, note: 'overwrites commits of the remote branch' })
  else if (isShared || plain.some((ref) => ref.includes(ANYTHING))) shell.does('remote.write', 'remote', { target, note: isShared ? 'adds to a branch that others share' : undefined })
  else if (has(flags, '--all')) shell.does('remote.write', 'remote', { target: 'every branch' })
  else shell.does('remote.add', 'remote', { target })
  const address = shell.files.get(addressOf(remote === '' ? 'origin' : remote, shell))?.text ?? remote
  if (shell.files.get(indexOf(shell))?.isSecret === true) shell.does('secret.send', 'remote', { target: address, note: 'the push takes along the credential that was added' })
  if (/^(https?|ssh|git|ftp):\/\/|@.*:/.test(address)) shell.does('net.out', 'remote', { target: address, note: 'sends the history to an address that is no remote of the project' })
  return UNKNOWN_FLOW
}

function clone(words: readonly string[], { shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-b --branch --depth -o --origin --reference -c --config -j --jobs --filter --template --shallow-since -u --upload-pack --separate-git-dir'.split(' ')))
  for (const setting of valuesOf(flags, '-c', '--config')) if (RUN_SETTINGS.test(setting.split('=')[0] ?? '')) judgeSetting(setting.replace(/^[^=]*=/, ''), shell)
  for (const program of valuesOf(flags, '-u', '--upload-pack')) startText(program, shell, UNKNOWN_FLOW)
  const [from = '', to] = operands
  if (from.startsWith('ext::')) startText(from.slice(5), shell, UNKNOWN_FLOW)
  const name = to ?? from.replace(/\/+$/, '').split(/[/:]/).at(-1)?.replace(/\.git$/, '') ?? 'clone'
  shell.touch('fs.write', name === '' ? 'clone' : name, { amount: 'one' })
  if (!/^(\.|\/)/.test(from)) shell.files.set(`${shell.path(name)}/install.sh`, { ...UNKNOWN_FLOW, isDownloaded: true })
  return UNKNOWN_FLOW
}

function config(words: readonly string[], { shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-f --file --blob --type --default --comment'.split(' ')))
  const isRead = has(flags, '-l', '--list', '--get', '--get-all', '--get-regexp', '--get-urlmatch', '--get-color') || ['get', 'list'].includes(operands[0] ?? '')
  if (isRead) return UNKNOWN_FLOW
  const isUnset = has(flags, '--unset', '--unset-all', '--remove-section', '--rename-section', '--edit', '-e') || ['unset', 'remove-section', 'rename-section', 'edit'].includes(operands[0] ?? '')
  const [name = '', value] = operands[0] === 'set' ? operands.slice(1) : operands
  if (value === undefined && !isUnset) return UNKNOWN_FLOW
  const scope = has(flags, '--global') ? 'home' : has(flags, '--system') ? 'system' : 'project'
  shell.does('config', scope, { target: name })
  if (RUN_SETTINGS.test(name) && value !== undefined) judgeSetting(value, shell)
  if (/^credential\..*helper$|^credential\.helper$/i.test(name) && /\b(curl|wget|nc|ncat|http|ssh|scp)\b/.test(value ?? '')) shell.does('secret.send', 'remote', { target: value ?? '', note: 'every password that git is given goes elsewhere' })
  if (/^http\.sslverify$/i.test(name) && /^(false|0|no|off)$/i.test(value ?? '')) shell.does('config', scope === 'project' ? 'home' : scope, { target: 'the check of certificates', note: 'switches the check of certificates off' })
  if (/^core\.hookspath$/i.test(name)) shell.does('persistence', 'startup', { target: value ?? '', note: 'git will run hooks from another folder' })
  return UNKNOWN_FLOW
}

