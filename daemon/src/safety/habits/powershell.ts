/** PowerShell's commands by what they are for; every other one by its verb, which is a closed list. */
import { carried, contentOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import { GLOB, isSecret, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { isLocal } from './fetch.ts'
import { startText, startWords } from './wrap.ts'

type Parameters = Pick<Call, 'flags'>

/** A parameter by the beginning of its name. */
function values({ flags }: Parameters, ...names: readonly string[]): string[] {
  return names.flatMap((name) => [...flags.keys()].filter((flag) => name.startsWith(flag) && flag.length > 1).flatMap((flag) => flags.get(flag) ?? []))
}

function given({ flags }: Parameters, name: string): boolean {
  return [...flags.keys()].some((flag) => name.startsWith(flag) && flag.length > 1 && flags.get(flag)?.at(-1) !== 'false')
}

function isTrial(call: Parameters): boolean {
  return [...call.flags].some(([flag, given]) => flag.length > 3 && '-whatif'.startsWith(flag) && !/^\$?(false|0)$/i.test(given.at(-1) ?? ''))
}

export function removeItemRun(call: Call): Flow {
  const { name, operands, stdin, shell } = call
  if (isTrial(call)) return UNKNOWN_FLOW
  if (name === 'clear-recyclebin') { shell.does('fs.delete', 'home', { amount: 'many', target: 'the recycle bin' }); return UNKNOWN_FLOW }
  const own = [...operands, ...values(call, '-path', '-literalpath')]
  const paths = own.length > 0 ? own : (stdin.paths ?? [''])
  for (const written of paths) {
    // Quoted or not: the command itself expands it.
    const path = written.replaceAll('*', GLOB)
    if (/^(hklm|hkcu|hkcr|hku|registry):/i.test(path)) shell.does(/^hklm:\\?(software|system|sam)?$/i.test(path) ? 'fs.delete' : 'config', 'system', { amount: 'all', target: path })
    else if (/^(variable|function|alias|env):/i.test(path)) shell.does('shell.state', 'none', { target: path })
    else if (path === '') shell.does('fs.delete', 'unknown', { target: 'what the pipe brings', amount: 'many' })
    else if (name.startsWith('clear-')) shell.touch('fs.write', path, { amount: 'one' })
    else shell.touch('fs.delete', path, { amount: given(call, '-recurse') || own.length === 0 ? 'many' : 'one' })
  }
  return UNKNOWN_FLOW
}

export function getContentRun(call: Call): Flow {
  const { operands, name } = call
  const paths = [...values(call, '-path', '-literalpath'), ...(name === 'select-string' ? operands.slice(values(call, '-pattern').length > 0 ? 0 : 1) : operands)]
  const flow = contentOf(paths, call)
  return name === 'get-content' ? flow : { ...flow, text: undefined }
}

export function getItemsRun(call: Call): Flow {
  const [path = '.'] = [...values(call, '-path', '-literalpath'), ...call.operands]
  if (/^env:/i.test(path)) return { ...UNKNOWN_FLOW, isSecret: isSecret(path) || /TOKEN|SECRET|PASSWORD|KEY/i.test(path.slice(4)) }
  const filter = values(call, '-filter', '-include')[0]?.replaceAll('*', GLOB)
  const root = path.includes(GLOB) ? path : `${path.replace(/[\\/]+$/, '') || '/'}/${filter ?? `${GLOB}x`}`
  return { ...UNKNOWN_FLOW, paths: [path.includes(GLOB) || filter !== undefined ? root : given(call, '-recurse') ? `${path.replace(/[\\/]+$/, '')}/${GLOB}` : root] }
}

const RUN_KEYS = /\\(run|runonce|winlogon|image file execution options|appinit_dlls|userinit|shell)(\\|$)/i
const GUARD_KEYS = /(windows defender|disableantispyware|disablerealtimemonitoring|enablelua|policies\\system|wdigest|securityproviders|lsa\b)/i

export function writeItemRun(call: Call): Flow {
  const { name, operands, stdin, shell } = call
  if (isTrial(call)) return UNKNOWN_FLOW
  const path = values(call, '-destinationpath', '-path', '-filepath', '-literalpath')[0] ?? (name === 'compress-archive' || name === 'expand-archive' ? (operands[1] ?? operands[0]) : operands[0]) ?? '.'
  const all = `${path} ${operands.join(' ')} ${values(call, '-name', '-value').join(' ')}`
  if (/^(hklm|hkcu|hkcr|hku|registry):/i.test(path)) {
    if (GUARD_KEYS.test(all)) shell.does('security.off', 'system', { target: path })
    else if (RUN_KEYS.test(path)) shell.does('persistence', 'startup', { target: path })
    else shell.does('config', /^hkcu/i.test(path) ? 'home' : 'system', { target: path })
  } else if (/^(env|variable|function|alias):/i.test(path)) shell.does('shell.state', 'none', { target: path })
  else if (name === 'set-acl') shell.touch('fs.perm', path, { amount: 'one' })
  else if (/^\\\\|^\/\//.test(path)) shell.does(stdin.isSecret ? 'secret.send' : 'remote.write', 'remote', { target: path })
  else writeTo(path, { ...stdin, isSecret: stdin.isSecret || carried(operands).isSecret, text: stdin.text ?? values(call, '-value')[0] ?? operands[1] }, shell)
  return name === 'tee-object' ? stdin : UNKNOWN_FLOW
}

export function copyItemRun(call: Call): Flow {
  const { name, operands, shell, stdin } = call
  if (isTrial(call)) return UNKNOWN_FLOW
  const from = values(call, '-path', '-literalpath')[0] ?? operands[0] ?? stdin.paths?.[0] ?? ''
  const to = values(call, '-destination')[0] ?? operands[values(call, '-path', '-literalpath').length > 0 ? 0 : 1] ?? '.'
  const flow = readFrom(from, shell)
  if (/^\\\\|^\/\//.test(to) || values(call, '-tosession').length > 0) shell.does(flow.isSecret ? 'secret.send' : 'remote.write', 'remote', { target: to })
  else writeTo(to, flow, shell)
  if (flow.isSecret && shell.place(to).scope !== 'project') shell.does('secret.read', 'secret', { target: from, note: 'copies a credential to another place' })
  const { scope } = shell.place(from)
  if (name === 'move-item' && scope !== 'project' && scope !== 'build' && scope !== 'temp') shell.touch('fs.delete', from, { amount: 'one' })
  return UNKNOWN_FLOW
}

export function webRun(call: Call): Flow {
  const { name, operands, stdin, shell } = call
  // `curl -fsSL` in PowerShell is the program, not the alias: its options say so.
  const url = [...values(call, '-uri', '-source'), ...operands][0] ?? ''
  const method = (values(call, '-method')[0] ?? 'GET').toUpperCase()
  const bodies = values(call, '-body', '-infile', '-form')
  const leaks = carried([...bodies, url]).isSecret || stdin.isSecret || bodies.some((body) => readFrom(body, shell).isSecret)
  if (leaks && !isLocal(url)) shell.does('secret.send', 'remote', { target: url })
  else if (method !== 'GET' && method !== 'HEAD' || bodies.length > 0) shell.does(method === 'DELETE' ? 'remote.destroy' : 'remote.write', isLocal(url) ? 'none' : 'remote', { target: url })
  const file = values(call, '-outfile', '-destination')[0] ?? (name === 'start-bitstransfer' ? operands[1] : undefined)
  if (file === undefined) return { ...UNKNOWN_FLOW, isDownloaded: true }
  writeTo(file, { ...UNKNOWN_FLOW, isDownloaded: true }, shell)
  return UNKNOWN_FLOW
}

export function executeRun({ words, stdin, shell }: Call): Flow {
  const text = words.filter((word) => !/^-c/i.test(word)).join(' ')
  if (text !== '') return startText(text, shell, stdin)
  if (stdin.text !== undefined) return startText(stdin.text, shell, UNKNOWN_FLOW)
  shell.does(stdin.isDownloaded ? 'exec.remote' : 'exec.unknown', 'unknown', { target: 'what the pipe brings' })
  return UNKNOWN_FLOW
}

/** The script block itself was judged where it stands. */
export function invokeRun(call: Call): Flow {
  const { name, operands, shell } = call
  const computers = values(call, '-computername', '-session')
  if (name.endsWith('pssession')) shell.does('unknown', 'none', { target: `a session on ${computers.join(' ') || operands.join(' ')}` })
  for (const file of values(call, '-filepath')) shell.does('exec.project', 'project', { target: file })
  if (name === 'invoke-item') for (const path of operands) shell.does('exec.project', 'project', { target: path })
  return UNKNOWN_FLOW
}

export function startProcessRun(call: Call): Flow {
  const { operands, shell, stdin } = call
  const program = values(call, '-filepath')[0] ?? operands[0] ?? ''
  const rest = [...values(call, '-argumentlist'), ...operands.slice(values(call, '-filepath').length > 0 ? 0 : 1)].flatMap((word) => word.split('\u0000')).flatMap((word) => (/^[-/]/.test(word) ? word.split(' ') : [word]))
  const isRoot = values(call, '-verb').some((verb) => /runas/i.test(verb))
  if (isRoot) shell.does('privilege', 'none', { target: 'as administrator' })
  // It looks in the folder first.
  const own = !/[\\/]/.test(program) && shell.files.has(shell.path(program)) ? `./${program}` : program
  return startWords([own, ...rest], shell, stdin, { isRoot: shell.isRoot || isRoot })
}

const READ = /^(get|test|select|where|sort|measure|format|out|compare|convertto|convertfrom|find|resolve|show|write|read|join|split|group|search|wait|trace|ping|debug|watch|foreach|tee|confirm|assert|import|use)-/
const LOCAL = /^(push|pop|enter|exit|new-object|new-timespan|new-guid|new-variable|new-alias|set-alias|set-variable|set-strictmode|set-psdebug|new-temporaryfile|clear-host|clear-variable|import-module|remove-module|add-type|add-member|set-psreadlineoption|set-location|update-help|remove-variable|register-argumentcompleter|start-sleep|out-null)/

/** Each object of a directory or a cloud, unless it is said which. */
const EACH = /^get-(az|aw|ec2|s3|gce|ad|aks|sql|mg|vm|rds|cfn|iam)/
const BOUNDED = ['-filter', '-identity', '-name', '-id', '-ldapfilter', '-searchbase', '-resourcegroupname', '-instanceid', '-userid']

const isEvery = (text: string) => text === '*' || text === GLOB

/** Any command that no model names: `Verb-Noun`. */
export function cmdletRun(call: Call): Flow {
  const { name, words, shell, operands } = call
  const lower = name.toLowerCase()
  const target = `${name} ${operands.slice(0, 3).join(' ')}`.trim()
  if (isTrial(call)) return UNKNOWN_FLOW
  if (/^out-(null|host|string|default|gridview)$/.test(lower) || lower === 'get-help') return UNKNOWN_FLOW
  if (lower === 'new-object' && /TCPClient|Sockets\./i.test(words.join(' '))) { shell.does('backdoor', 'remote', { target: words.join(' '), certainty: 'assumed' }); return UNKNOWN_FLOW }
  if (lower === 'set-executionpolicy') shell.does('config', values(call, '-scope').some((scope) => /^process$/i.test(scope)) ? 'project' : 'home', { target })
  else if (/(mppreference|defender|netfirewallprofile|netfirewallrule|firewall|bitlocker|smbserverconfiguration|uac|computerrestore|mitigation)/.test(lower) && /^(set|add|disable|uninstall|remove|suspend)-/.test(lower)) shell.does('security.off', 'system', { target: `${name} ${words.join(' ')}` })
  else if (/^(clear|remove|limit|disable)-.*(eventlog|log|audit|history|transcript)/.test(lower)) shell.does('audit.off', 'audit', { target })
  else if (lower === 'new-localuser' && given(call, '-nopassword')) shell.does('backdoor', 'system', { target, note: 'lets a new user in without a password' })
  else if (/^(add-localgroupmember|add-adgroupmember)/.test(lower)) shell.does(/admin/i.test(words.join(' ')) ? 'backdoor' : 'config', 'system', { target })
  else if (/^(stop|restart)-computer/.test(lower)) shell.does('power', 'system', { target })
  else if (/^(start|stop|restart|set|suspend|resume|new|remove)-service/.test(lower)) shell.does(/(windefend|mpssvc|eventlog|sense|sysmon)/i.test(words.join(' ')) && /^(stop|set|remove|suspend)/.test(lower) ? 'security.off' : 'service', 'system', { target })
  else if (/^(register-scheduled|new-scheduledtask$|set-scheduledtask|register-wmievent|set-wmiinstance|register-cimindication)/.test(lower)) shell.does('persistence', 'startup', { target })
  else if (/^(install|uninstall|update|save|publish)-(module|script|package|packageprovider|psresource|windowsfeature|help)/.test(lower)) shell.does(lower.startsWith('publish') ? 'publish' : 'install', lower.startsWith('publish') ? 'remote' : 'system', { target })
  else if (lower.startsWith('send-')) shell.does(words.some(isSecret) || words.some((word) => shell.place(word).isSecret) ? 'secret.send' : 'remote.write', 'remote', { target })
  else if (READ.test(lower) || LOCAL.test(lower)) return { ...UNKNOWN_FLOW, isSecret: call.stdin.isSecret, isDownloaded: call.stdin.isDownloaded, text: undefined, paths: EACH.test(lower) && !BOUNDED.some((parameter) => values(call, parameter).some((value) => !isEvery(value))) && operands.every(isEvery) ? [GLOB] : /^(where|select|sort)-/.test(lower) ? call.stdin.paths?.map((path) => (path === GLOB && lower !== 'sort-object' ? `${GLOB}x` : path)) : undefined, origin: call.stdin.origin }
  else if (/^(remove|clear|uninstall|unregister|reset|dismount|revoke|stop|disable)-(az|aw|ec2|s3|gce|ad|aks|sql|mg|vm|rds|cfn|iam)/.test(lower)) shell.does('remote.destroy', 'remote', { target, amount: call.stdin.paths?.includes(GLOB) === true || /resourcegroup|bucket|database|cluster|keyvault|storageaccount|subscription|stack|dbinstance|organizationalunit|forest|domain|adobject|server/.test(lower) ? 'all' : 'one' })
  else if (/^[a-z]+-(az|aw|ec2|s3|gce|ad(user|group|object|computer|account)|aks|mg|rds|cfn|iam)/.test(lower)) shell.does('remote.write', 'remote', { target })
  else if (/^(remove|clear|uninstall|unregister|reset)-/.test(lower)) shell.does('config', 'system', { target })
  else if (/^[a-z]+-[a-z]/.test(lower)) shell.does('config', 'system', { target })
  else return UNKNOWN_FLOW
  return UNKNOWN_FLOW
}
