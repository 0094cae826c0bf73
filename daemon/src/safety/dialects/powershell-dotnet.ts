/** Calls of .NET from PowerShell: what they decode, fetch, write, start. */
import type { Shell } from '../shell/shell.ts'
import { DOWNLOADED, flowOf, isKnown, isSecret, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { valueOf, type Evaluate } from './powershell-values.ts'

export function staticCall(text: string, shell: Shell, evaluate: Evaluate): Flow {
  const literals = [...text.matchAll(/'((?:[^']|'')*)'|"((?:[^"`]|`.)*)"|(\$[\w:]+)/g)].map(([, single, double, variable]) => single ?? (variable === undefined ? valueOf(`"${double ?? ''}"`, shell, evaluate) : valueOf(variable, shell, evaluate)))
  shell.program = '.NET'
  if (/FromBase64String/i.test(text)) {
    const [payload = ''] = literals.filter((literal) => /^[A-Za-z0-9+/=\s]{4,}$/.test(literal))
    if (payload === '') return { ...UNKNOWN_FLOW, isDownloaded: literals.includes(DOWNLOADED) }
    return flowOf(Buffer.from(payload, 'base64').toString(/Unicode/i.test(text) ? 'utf16le' : 'utf8'))
  }
  if (/DownloadString|DownloadData|OpenRead|GetStringAsync|GetByteArrayAsync/i.test(text)) return { ...UNKNOWN_FLOW, isDownloaded: true }
  if (/DownloadFile/i.test(text)) {
    const path = literals.at(-1) ?? ''
    shell.touch('fs.write', path, { amount: 'one' })
    shell.files.set(shell.path(path), { ...UNKNOWN_FLOW, isDownloaded: true })
    return UNKNOWN_FLOW
  }
  if (/Upload(String|File|Data|Values)|PostAsync|PutAsync/i.test(text)) {
    shell.does(literals.some((literal) => isSecret(literal) || shell.place(literal).isSecret) ? 'secret.send' : 'remote.write', 'remote', { target: literals[0] ?? '' })
    return UNKNOWN_FLOW
  }
  if (/TCPClient|Sockets\./i.test(text)) shell.does('backdoor', 'remote', { target: literals[0] ?? 'a socket', certainty: 'assumed' })
  else if (/\[?ScriptBlock\]?::Create|\.InvokeScript|AddScript|\.Invoke\s*\(/i.test(text)) {
    const code = literals.find((literal) => isKnown(literal) && literal.length > 1)
    if (code === undefined) shell.does(literals.includes(DOWNLOADED) ? 'exec.remote' : 'exec.unknown', 'unknown', { target: 'a script block' })
    else return shell.run(code).out
  } else if (/Process\]?::Start|WScript\.Shell|Shell\.Application|\.ShellExecute|\.Run\s*\(/i.test(text)) shell.run(literals.join(' '))
  else if (/(IO\.)?(File|Directory)\]?::(Delete|Move)|\.Delete\s*\(/i.test(text)) {
    for (const path of literals.slice(0, 1)) shell.touch('fs.delete', path, { amount: /Directory/i.test(text) ? 'many' : 'one' })
    if (literals.length === 0) shell.does('fs.delete', 'unknown', { target: 'what a variable names' })
  } else if (/(IO\.)?File\]?::(Write|Append|Create|Copy|Replace)/i.test(text)) shell.touch('fs.write', literals[0] ?? '', { amount: 'one' })
  else if (/(IO\.)?File\]?::(Read|Open)/i.test(text)) return { ...UNKNOWN_FLOW, isSecret: literals.some((path) => shell.place(path).isSecret) }
  else if (/SetEnvironmentVariable/i.test(text)) shell.does(/Process/i.test(text) ? 'shell.state' : 'config', /Machine/i.test(text) ? 'system' : 'home', { target: literals[0] ?? '' })
  else if (/AmsiUtils|amsiInitFailed|PSEventLogProvider|EtwEventWrite/i.test(text)) shell.does('security.off', 'system', { target: 'the check of scripts' })
  else if (/Reflection\.Assembly\]?::(Load|UnsafeLoad)|DllImport|VirtualAlloc|Marshal\]?::/i.test(text)) shell.does('exec.unknown', 'unknown', { target: 'code loaded into memory' })
  else if (/SecureStringToBSTR|PtrToStringAuto|ConvertFrom-SecureString|NetworkCredential/i.test(text)) return { ...UNKNOWN_FLOW, isSecret: true }
  else if (/Set-?(AccessControl|Acl|Owner)|SetValue|DeleteSubKey|CreateSubKey|Registry\]?::/i.test(text)) shell.does('config', 'system', { target: literals[0] ?? 'the registry' })
  return { ...UNKNOWN_FLOW, isSecret: literals.some(isSecret), isDownloaded: literals.includes(DOWNLOADED) }
}
