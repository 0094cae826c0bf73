/**
 * Short programs of other languages, given on the command line: their tokens are searched for calls that delete, write,
 * start, send. Code that imports or builds what this does not know is not safe.
 */
import type { Call } from '../call.ts'
import { writeTo } from '../shell/redirects.ts'
import { ANYTHING, GLOB, isKnown, isSecret, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeAppleScript } from './apple-script.ts'
import { judgeSql } from './sql.ts'
import { startText } from './wrap.ts'

type Where = Pick<Call, 'shell' | 'stdin'>

const STRING = String.raw`(?:[rbuf]{0,2}"((?:[^"\\]|\\.)*)"|[rbuf]{0,2}'((?:[^'\\]|\\.)*)'|` + '`((?:[^`\\\\]|\\\\.)*)`)'
const call = (names: string) => new RegExp(String.raw`(?:${names})\s*\(?\s*\[?\s*(?:os\.path\.expanduser\(|Path\(|pathlib\.Path\(|glob(?:\.glob)?\s*\(?|<(?=/))?\s*${STRING}([^;\n]*)`, 'g')

const STARTS = call(String.raw`os\.system|os\.popen|subprocess\.\w+|commands\.getoutput|os\.exec[lv]p?e?|os\.spawn\w*|pty\.spawn|execSync|exec|spawnSync|spawn|execFileSync|execFile|\bsystem|shell_exec|passthru|proc_open|popen|Kernel\.(?:system|exec)|IO\.popen|Open3\.\w+|qx|os\.execute|io\.popen|Deno\.run|Deno\.Command|Bun\.spawn|do shell script`)
const DELETES_TREE = call(String.raw`shutil\.rmtree|rmSync|rimraf(?:\.sync)?|rmdirSync|fs\.rm|fs\.rmdir|rm_rf|rm_r|remove_entry(?:_secure)?|remove_dir|remove_tree|rmtree|FileUtils\.rm_rf|Dir\.delete|emptyDirSync|removeSync|Deno\.removeSync|Deno\.remove|remove_dir_all`)
const DELETES = call(String.raw`(?<!["'])(?:os\.remove|os\.unlink|os\.rmdir|unlinkSync|fs\.unlink|unlink|File\.delete|File\.unlink|FileUtils\.rm|os\.truncate|Path\.unlink|file\.remove|\brm(?=\([^)]*recursive))`)
const WRITES = call(String.raw`writeFileSync|appendFileSync|writeFile|createWriteStream|file_put_contents|File\.write|IO\.write|copyFileSync|mkdirSync|os\.makedirs|os\.mkdir|renameSync|shutil\.(?:copy\w*|move)|FileUtils\.(?:cp\w*|mv|mkdir_p|touch)|write_text|write_bytes|os\.rename|os\.chmod|chmodSync|Deno\.writeTextFile\w*|symlinkSync|os\.symlink|fs\.cp|cpSync|truncateSync`)
const READS = call(String.raw`\bopen|readFileSync|readFile|File\.(?:read|open|readlines)|IO\.read|file_get_contents|Path|read_text|slurp|io\.open|fopen|Deno\.readTextFile\w*|readlines|createReadStream|require`)
const WRITES_SOMEWHERE = /(?<!std(out|err))\.(write_text|write_bytes|to_csv|to_json|to_excel|savefig)\(|\bopen\(\s*[A-Za-z_][\w.]*\s*,\s*(mode\s*=\s*)?["'][rbt]*[wax+]|\b(writeFileSync|appendFileSync|writeFile|createWriteStream|copyFileSync|renameSync|mkdirSync|makedirs)\(\s*[A-Za-z_$]|\b(shutil\.(copy\w*|move)|os\.(rename|replace|chmod|mkdir|makedirs|symlink))\(\s*[A-Za-z_]/
const FETCHES = /\b(urllib|urlopen|requests\.get|httpx\.get|http\.get|https\.get|fetch|Net::HTTP\.get|open-uri|LWP|HTTP::Tiny|axios\.get|got\(|curl_exec|urlretrieve|aiohttp|wget\.download)\b/
const SENDS = /\b(requests\.(post|put|patch|delete|request)|httpx\.(post|put|patch|delete)|axios\.(post|put|patch|delete)|Net::HTTP\.post|http\.client|https?\.request|smtplib|ftplib|paramiko|boto3|sendmail|method\s*:\s*['"](POST|PUT|DELETE|PATCH)|urlopen\([^)]*data=|Request\([^)]*data=|XMLHttpRequest|post_form)/i
const SOCKETS = /\b(socket\.socket|net\.connect|net\.Socket|createConnection|TCPSocket|IO::Socket|fsockopen|socket\s*\(|Socket\.new|dgram|WebSocket)\b/
/** A package manager that is a function. */
const INSTALLS = /\b(install\.packages|remove\.packages|update\.packages|install_(github|gitlab|url|cran|bioc|version)|BiocManager::install|pak::p(ak|kg_install)|pip\.main|pip\._internal)\s*\(/
const DECLARES = /\bPkg\.(add|rm|instantiate|update|develop|resolve|build)\b|\brenv::(restore|snapshot|install|init)\b|\buse_package\(/
const HANDS_OVER = /\bdup2\b|pty\.spawn|\/bin\/(ba|z|da)?sh\b|\bcmd\.exe\b|\bpowershell\b/
const DYNAMIC = /\b(eval|exec|compile|__import__|Function|instance_eval|class_eval|vm\.run\w*|marshal\.loads|pickle\.loads?|yaml\.load|ctypes|create_function|assert|loadstring|runInThisContext|process\.(?:binding|_linkedBinding|dlopen)|importlib|globals\(\)|getattr\s*\(\s*(os|__builtins__|subprocess))\s*\(?/
const ENVIRONMENT = /\b(os\.environ|process\.env|ENV|os\.getenv|getenv|%ENV|\$_ENV|Deno\.env)\b/
const KILLS = /\b(os\.kill|process\.kill|Process\.kill|os\.killpg|posix_kill)\s*\(\s*([\w.-]+)/
const FORKS = /\bos\.fork\(\)|\bfork\s*(\(\))?\s*while|while\s*(True|true|1|\(1\)|\(true\))[^\n]{0,40}\bfork|fork\s*;?\s*(while|until)|loop\s*\{?\s*fork/

/** Modules that only compute. */
const HARMLESS = new Set('sys os json re math cmath datetime time base64 hashlib random string collections itertools functools platform urllib.parse uuid statistics pprint textwrap decimal fractions struct zlib gzip csv glob pathlib typing enum operator bisect heapq copy dataclasses io secrets locale calendar unicodedata inspect ast tokenize keyword dis timeit traceback warnings getpass argparse shlex fnmatch html html.parser xml xml.etree xml.etree.ElementTree configparser tomllib toml yaml numpy pandas sysconfig site pkg_resources importlib.metadata ipaddress codecs binascii errno array difflib zoneinfo abc contextlib encodings builtins shutil subprocess sqlite3 urllib urllib.request requests httpx http socket pty tempfile stat grp pwd resource multiprocessing threading asyncio signal ssl select email queue logging venv ensurepip __future__ fs path node:fs node:path util node:util crypto node:crypto child_process node:child_process url node:url assert node:assert http https net node:os querystring zlib stream events buffer perf_hooks worker_threads readline v8 process string_decoder dns set date time open3 fileutils erb yaml psych digest tmpdir find pathname bigdecimal openssl stringio optparse rbconfig benchmark pp List::Util Data::Dumper POSIX JSON::PP Time::HiRes MIME::Base64 File::Path File::Find File::Basename Scalar::Util Digest::MD5 Digest::SHA Encode strict warnings utf8 feature Getopt::Long File::Spec Socket IO::Socket IO::Socket::INET Storable Time::Local rimraf fs-extra fs/promises node:fs/promises'.split(' '))

export function judgeCode(given: string, where: Where, language: string): Flow {
  const { shell } = where
  shell.scene.budget.bytes(given.length)
  shell.scene.budget.step(10)
  const source = given.length > 16_384 ? given.slice(0, 16_384) : given
  const code = decoded(source).replace(/(^|[\s;])#(?!!)[^\n]*/g, language === 'node' || language === 'php' ? '$&' : '$1')
  const before = shell.scene.effects.length
  if (!isKnown(code) && /^\s*[\uE000-\uE002]/.test(code)) shell.does(code.includes('\uE002') ? 'exec.remote' : 'exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: 'code that is not known' })
  if (FORKS.test(code) && /while|loop|for\s*\(;;\)|until/.test(code)) shell.does('proc.bomb', 'system', { target: 'processes that start processes' })
  const hasSocket = SOCKETS.test(code)
  if (hasSocket && HANDS_OVER.test(code)) shell.does('backdoor', 'remote', { target: 'a shell for whoever is at the other end' })
  started(code, where, hasSocket)
  if (/^(perl|ruby|php)$/.test(language) && /\b(system|exec|popen|passthru|shell_exec)\s*\(?\s*[$@]/.test(code)) shell.does('exec.unknown', 'unknown', { target: 'a command made by the code' })
  if (language === 'tclsh' || language === 'expect') for (const [, isForced, names = ''] of code.matchAll(/\bfile\s+delete\s+(-force\s+)?(?:--\s+)?([^\n;\]]+)/g)) for (const name of names.trim().split(/\s+/)) shell.touch('fs.delete', name.replace(/^["{]|["}]$/g, ''), { amount: isForced === undefined ? 'one' : 'many' })
  if (language === 'tclsh' || language === 'expect') for (const [, text = ''] of code.matchAll(/\bexec\s+([^\n;\]]+)/g)) startText(text, shell, UNKNOWN_FLOW)
  touched(code, where)
  if (INSTALLS.test(code)) shell.does('install', 'system', { target: `packages of ${language}` })
  if (DECLARES.test(code)) shell.does('deps', 'build', { target: `packages of ${language}` })
  if (language === 'osascript') judgeAppleScript(code, shell)
  // A package of a language that is little known here may do anything.
  if (/^(R|Rscript|julia)$/.test(language) && /\b(library|require|source|include)\s*\(|\w::\w|\busing\s+(?!Pkg\b)\w/.test(code)) shell.does('exec.project', 'project', { target: `packages of ${language}` })
  const reads = readsSecret(code, where)
  if (SENDS.test(code) || (hasSocket && /send|write|connect/.test(code))) shell.does(reads || (ENVIRONMENT.test(code) && !/environ(\.get)?[[(]\s*['"](PATH|HOME|USER|PORT)/.test(code)) ? 'secret.send' : 'remote.write', 'remote', { target: addressIn(code) })
  else if (FETCHES.test(code)) {
    if (DYNAMIC.test(code)) shell.does('exec.remote', shell.isRoot ? 'vital' : 'remote', { target: addressIn(code) })
    else if (reads || (ENVIRONMENT.test(code) && /environ|process\.env/.test(code) && /[+?]/.test(code))) shell.does('secret.send', 'remote', { target: addressIn(code), certainty: 'assumed' })
  } else if (DYNAMIC.test(withoutStrings(code)) && !/JSON\.parse|ast\.literal_eval|re\.compile/.test(code) && !/\bassert\s*[^(]/.test(code)) shell.does('exec.unknown', 'unknown', { target: 'code made by the code' })
  const kill = KILLS.exec(code)
  if (kill) shell.does('proc.kill', /^(-1|1|0)$/.test(kill[2] ?? '') ? 'none' : 'none', { amount: /^(-1|1)$/.test(kill[2] ?? '') ? 'all' : 'one', target: `process ${kill[2] ?? ''}` })
  if (/\b(cursor|execute|query|exec_driver_sql)\s*\(\s*["'`]+\s*(drop|delete|update|truncate|insert|alter)\b/i.test(code)) judgeSql(/["'`]+\s*((?:drop|delete|update|truncate|insert|alter)\b[^"'`]*)/i.exec(code)?.[1] ?? '', { isLocal: /sqlite/i.test(code), name: 'SQL' }, shell)
  if (shell.scene.effects.length === before && !reads) imports(code, where, language)
  return { ...UNKNOWN_FLOW, isSecret: (reads || /(environ|ENV|process\.env|getenv)[^\n]{0,20}(SECRET|TOKEN|PASSWORD|API_?KEY|PRIVATE)/i.test(code)) && /print|console\.log|puts|echo|write|dump|say|p\b/.test(code), isDownloaded: FETCHES.test(code) }
}

function literalIn(match: RegExpMatchArray): { text: string; rest: string } {
  return { text: (match[1] ?? match[2] ?? match[3] ?? '').replace(/\\(["'`\\])/g, '$1').replace(/\\n/g, '\n'), rest: match[4] ?? '' }
}

function started(code: string, where: Where, hasSocket: boolean): void {
  const { shell } = where
  let found = 0
  for (const match of code.matchAll(STARTS)) {
    const { text, rest } = literalIn(match)
    found += 1
    if (/\bexec\s*\(?\s*$/.test(match[0].slice(0, match[0].indexOf(text) - 1)) && /^\s*(import|print|def|for|x\s*=)/.test(text)) { judgeCode(text, where, 'python'); continue }
    const more = [...rest.split(/\]\s*\)|\)\s*;/)[0]?.matchAll(/["'`]((?:[^"'`\\]|\\.)*)["'`]/g) ?? []].map(([, word = '']) => word)
    const isList = /^\s*,|^\s*\]|^\s*,\s*\[/.test(rest) && more.length > 0
    startText(isList && !/\s/.test(text) ? [text, ...more].map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ') : text, shell, UNKNOWN_FLOW)
    if (/^\s*[+%.]|\$\{|\{\w+\}|\bformat\b/.test(rest)) shell.does('exec.unknown', 'unknown', { target: 'a command made by the code' })
  }
  const backticks = /(?:^|[\s=(;])`([^`]+)`|%x[({[]([^)}\]]+)|qx[{(/]([^)}/]+)/g
  if (!/console|=>|const |let |require/.test(code)) for (const match of code.matchAll(backticks)) { found += 1; startText(match[1] ?? match[2] ?? match[3] ?? '', shell, UNKNOWN_FLOW) }
  // The tag of Bun and zx.
  for (const [, text = ''] of code.matchAll(/(?:\bBun\.|[\s=(;]|^)\$`([^`]+)`/g)) { found += 1; startText(text.replace(/\$\{[^}]*\}/g, ANYTHING), shell, UNKNOWN_FLOW) }
  if (found === 0 && !hasSocket && /\b(os\.system|subprocess\.\w+|child_process|execSync|shell_exec|os\.popen|popen|passthru|IO\.popen|Open3|Kernel\.system)\b\s*\(?\s*\[?[A-Za-z_$@]/.test(code) && /\(\s*\[?\s*[A-Za-z_$]/.test(code) && !/require\(\s*['"](node:)?child_process['"]\s*\)\s*;?\s*$/.test(code)) shell.does('exec.unknown', 'unknown', { target: 'a command made by the code' })
}

function touched(code: string, { shell }: Where): void {
  const home = /expanduser|homedir|Path\.home|Dir\.home|\$HOME|environ\[.HOME/.test(code)
  const path = (text: string) => (text.startsWith('~') ? shell.home + text.slice(1) : home && text === '' ? shell.home : text)
  // `'/etc/' + name`: one of what is there; each, where the code lists them.
  const more = /\b(readdir\w*|listdir|scandir|glob|iterdir|os\.walk|Dir\.(children|entries|each_child))\b/.test(code) ? GLOB : `${GLOB}x`
  const grown = (text: string, rest: string) => (text.endsWith('/') && /^\s*[+.]\s*[$\w]/.test(rest) ? text + more : text)
  for (const match of code.matchAll(DELETES_TREE)) { const { text, rest } = literalIn(match); shell.touch('fs.delete', path(grown(text, rest)), { amount: 'many' }) }
  for (const match of code.matchAll(DELETES)) {
    const { text, rest } = literalIn(match)
    shell.touch('fs.delete', path(/^[*]|[/]\*/.test(text) || /\bglob\b|<$/.test(match[0].slice(0, match[0].indexOf(text))) ? text.replaceAll('*', GLOB) : grown(text, rest)), { amount: /recursive\s*[:=]\s*(true|t)\b/i.test(rest) || text.includes('*') || grown(text, rest) !== text ? 'many' : 'one' })
  }
  // Handed over by its name: `array_map('unlink', glob('/x/*'))`.
  const isHanded = /\(\s*["'](unlink|rmdir)["']\s*,/.test(code)
  if (isHanded || /\b(rmtree|rmSync|rm_rf|removeSync|rmdirSync|rimraf|unlinkSync|os\.remove|os\.unlink|shutil\.rmtree|unlink|File\.delete)\s*\(?\s*[A-Za-z_$(]/.test(code) && !/\b(rmtree|rmSync|rm_rf|removeSync|rmdirSync|rimraf|unlinkSync|os\.remove|os\.unlink|unlink|File\.delete)\s*\(?\s*(os\.path\.expanduser\(|Path\()?["'`]/.test(code)) {
    if (/rmtree|rmSync|rm_rf|removeSync|rimraf/.test(code) && (/homedir\(\)|Path\.home\(\)|Dir\.home|HOME/.test(code))) shell.touch('fs.delete', shell.home, { amount: 'many' })
    else {
      shell.does('fs.delete', 'unknown', { target: 'paths that the code makes', amount: 'many' })
      // The paths that it names are the ones that it may mean.
      for (const [, named = ''] of code.matchAll(/["']((?:\/|~\/|\.{1,2}\/)[^"'\n]*)["']/g)) shell.touch('fs.delete', path(named.replace(/\*+$/, GLOB)), { amount: 'many' })
    }
  }
  for (const match of code.matchAll(WRITES)) { const { text } = literalIn(match); if (text !== '') writeTo(path(text), UNKNOWN_FLOW, shell) }
  // To a path that a variable holds: somewhere, as far as anybody knows in the project.
  if (WRITES_SOMEWHERE.test(code)) shell.does('fs.write', 'project', { target: 'paths that the code makes', certainty: 'assumed' })
  if (/\.(unlink|rmdir)\(\s*\)/.test(code) && !/Path\(\s*["'][^"']+["']\s*\)\.(unlink|rmdir)/.test(code)) shell.does('fs.delete', 'unknown', { target: 'paths that the code makes', amount: 'many' })
  for (const match of code.matchAll(READS)) {
    const { text, rest } = literalIn(match)
    if (/^\s*,\s*(mode\s*=\s*)?["'][rbt]*[wax+]/.test(rest)) writeTo(path(text), UNKNOWN_FLOW, shell)
    else if (/^\s*,\s*["']>{1,2}["']/.test(rest)) writeTo(/["']([^"'>]+)["']\s*\)?\s*$/.exec(rest)?.[1] ?? '', UNKNOWN_FLOW, shell)
    else if (/\)\.(unlink|rmdir)\(/.test(rest)) shell.touch('fs.delete', path(text), { amount: 'one' })
    else if (/\)\.(write_text|write_bytes|touch|mkdir|chmod|rename)\(/.test(rest)) writeTo(path(text), UNKNOWN_FLOW, shell)
  }
}

function readsSecret(code: string, { shell }: Where): boolean {
  for (const match of code.matchAll(READS)) {
    const { text } = literalIn(match)
    if (text !== '' && !/^\s*,\s*["'][rbt]*[wax]/.test(literalIn(match).rest) && shell.place(text.startsWith('~') ? shell.home + text.slice(1) : text).isSecret) return true
  }
  return isSecret(code)
}

/** What is decoded on the way is read as well. */
function decoded(code: string): string {
  const payloads = [...code.matchAll(/(?:b64decode|atob|Base64\.decode64|base64_decode|decode_base64|from)\s*\(?\s*b?["'`]([A-Za-z0-9+/=]{8,})["'`]/g)].map(([, payload = '']) => Buffer.from(payload, 'base64').toString('latin1'))
  const hex = [...code.matchAll(/(?:fromhex|unhexlify|hex2bin|pack\(?["']H\*["'],?)\s*\(?\s*["']([0-9a-fA-F]{8,})["']/g)].map(([, payload = '']) => Buffer.from(payload, 'hex').toString('latin1'))
  const unescapedText = code.replace(/\\x([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  const joined = unescapedText.replace(/(?<![\w$@%])(?:qq?|%[qQ])\s*(?:\(([^()]*)\)|\{([^{}]*)\}|\[([^[\]]*)\]|<([^<>]*)>|\|([^|]*)\|)/g, (_, ...given: (string | number | undefined)[]) => JSON.stringify(given.slice(0, 5).find((one) => typeof one === 'string') ?? '')).replace(/(["'])\s*[+.]\s*\1/g, '')
  return [joined, ...payloads, ...hex].join('\n')
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
}

function addressIn(code: string): string {
  return /https?:\/\/[^\s"'`)]+/.exec(code)?.[0] ?? 'an address'
}

/** Nothing was found: then what it imports must be known to be harmless. */
function imports(code: string, { shell }: Where, language: string): void {
  const names = [...code.matchAll(/(?:^|[;\n]\s*)(?:import|from|use)\s+([\w.:]+(?:\s*,\s*[\w.]+)*)/g), ...code.matchAll(/(?:require|import)\s*\(?\s*["']([^"']+)["']/g)].flatMap(([, list = '']) => list.split(/\s*,\s*/))
  const unknown = names.filter((name) => !name.endsWith('.json') && !HARMLESS.has(name) && !HARMLESS.has(name.split('.')[0] ?? ''))
  if (unknown.length > 0) shell.does('exec.project', 'project', { target: `${language} with ${unknown.slice(0, 3).join(', ')}` })
  else if (code.length > 4000) shell.does('unknown', 'none', { target: 'a long program' })
}
