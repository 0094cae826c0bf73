/** HTTP clients: what is asked, what is sent, where the answer goes. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import type { Shell } from '../shell/shell.ts'
import { isSecret, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { strayIn } from './tokens.ts'

const LOCAL = /^(\w+:\/\/)?([^/@]*@)?(localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|host\.docker\.internal|[\w-]+\.localhost|::1)(:|\/|$)|^:\d/i
const METADATA = /169\.254\.169\.254|metadata\.google\.internal|169\.254\.170\.2|100\.100\.100\.200|fd00:ec2::254/i
/** Made to receive what others lose. */
const DROPS = /(requestbin|webhook\.site|pipedream|ngrok|burpcollaborator|oast\.|interact\.sh|transfer\.sh|file\.io|0x0\.st|paste(bin)?\.|termbin|hastebin|ix\.io|bashupload)/i

export function isLocal(url: string): boolean {
  return LOCAL.test(url)
}

const DOWNLOADED: Flow = { ...UNKNOWN_FLOW, isDownloaded: true }

const CURL_VALUES = new Set('-X --request -d --data --data-raw --data-binary --data-urlencode --data-ascii --json -F --form --form-string -T --upload-file -o --output -H --header -A --user-agent -e --referer -u --user -b --cookie -c --cookie-jar -x --proxy -m --max-time --connect-timeout --retry --retry-delay -w --write-out -K --config --cacert --cert -E --key --resolve -r --range -z --time-cond --url -D --dump-header --output-dir --limit-rate --interface --ciphers -U --proxy-user -t -Y -y -C --continue-at --max-redirs --oauth2-bearer --aws-sigv4 --stderr --unix-socket --create-file-mode --trace --trace-ascii --url-query -P -Q --quote --proto'.split(' '))

export function curlRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, CURL_VALUES)
  const urls = [...operands, ...valuesOf(flags, '--url')]
  const data = valuesOf(flags, '-d', '--data', '--data-raw', '--data-binary', '--data-urlencode', '--data-ascii', '--json')
  const forms = valuesOf(flags, '-F', '--form', '--form-string')
  const uploads = valuesOf(flags, '-T', '--upload-file')
  const method = valuesOf(flags, '-X', '--request').at(-1)?.toUpperCase()
  const isGet = has(flags, '-G', '--get', '-I', '--head')
  if (has(flags, '-K', '--config')) shell.does('unknown', 'none', { target: 'a file of options' })
  sent({ shell, urls, stdin, method: isGet ? 'GET' : (method ?? (data.length + forms.length > 0 ? 'POST' : uploads.length > 0 ? 'PUT' : 'GET')), bodies: [...data, ...forms], uploads, headers: [...valuesOf(flags, '-H', '--header', '-u', '--user', '-b', '--cookie', '--oauth2-bearer', '-A', '-e')] })
  for (const path of valuesOf(flags, '-c', '--cookie-jar', '-D', '--dump-header', '--trace', '--trace-ascii')) if (path !== '-') writeTo(path, UNKNOWN_FLOW, shell)
  const files = valuesOf(flags, '-o', '--output')
  const folder = valuesOf(flags, '--output-dir').at(-1)
  for (const path of files) if (path !== '-') writeTo(folder === undefined ? path : `${folder}/${path}`, DOWNLOADED, shell)
  if (has(flags, '-O', '--remote-name', '--remote-name-all', '-J')) for (const url of urls) writeTo(nameIn(url), DOWNLOADED, shell)
  if (files.some((path) => path !== '-') || has(flags, '-O', '--remote-name')) return NOTHING
  return { ...DOWNLOADED, isSecret: urls.some((url) => METADATA.test(url) && /credential|token|identity|user-data|secret/i.test(url)) }
}

interface Request {
  readonly shell: Shell
  readonly urls: readonly string[]
  readonly stdin: Flow
  readonly method: string
  readonly bodies: readonly string[]
  readonly uploads: readonly string[]
  readonly headers: readonly string[]
}

function sent({ shell, urls, stdin, method, bodies, uploads, headers }: Request): void {
  const target = urls.join(' ')
  const isOwn = urls.length > 0 && urls.every(isLocal)
  const files = [...bodies.flatMap((body) => /(?:^|=|;)[@<]([^;]+)/.exec(body)?.[1] ?? []), ...uploads]
  const isFromStdin = files.some((file) => file === '-' || file === '.')
  const holdsSecret = bodies.some(isSecret) || urls.some((url) => isSecret(url)) || files.some((file) => file !== '-' && (shell.place(file).isSecret || readFrom(file, shell).isSecret)) || (isFromStdin && stdin.isSecret) || headers.some((header) => isSecret(header) && DROPS.test(target))
  if (holdsSecret && !isOwn) shell.does('secret.send', 'remote', { target })
  else if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
    const stray = headers.some(isSecret) && !isOwn ? strayIn(shell.scene.secretNames, urls) : undefined
    if (stray !== undefined) shell.does('secret.send', 'remote', { target, note: `shows ${stray} to somebody it does not belong to` })
    else if (headers.some(isSecret)) shell.does('net.out', 'none', { target, note: 'signs in with a secret' })
    else if (urls.some((url) => DROPS.test(url) && /[\uE000-\uE002]/.test(url))) shell.does('net.out', 'remote', { target })
  } else if (/\/_delete_by_query\b/.test(target)) shell.does('remote.destroy', 'remote', { target, amount: bodies.length === 0 || bodies.some((body) => /match_all|"\*"/.test(body)) ? 'all' : 'one' })
  else if (isOwn && method === 'DELETE' && /:(9200|7700|8983|6333|8108|5984)\//.test(target)) shell.does('remote.destroy', 'remote', { target, amount: /\/(_all|[*\uE004])([/?]|$)/.test(target) ? 'all' : 'one' })
  else if (isOwn) shell.does('remote.write', 'none', { target })
  else if (method === 'DELETE') shell.does('remote.destroy', 'remote', { target, amount: /\/(_all|[*\uE004])([/?]|$)|:9200\/[\w*\uE004-]+\/?$/.test(target) ? 'all' : 'one' })
  else shell.does('remote.write', 'remote', { target, note: files.length > 0 ? 'sends a file to another machine' : undefined })
}

function nameIn(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/^\w+:\/\/[^/]*/, '').split('/').at(-1) || 'index.html'
}

const WGET_VALUES = new Set('-O --output-document -P --directory-prefix -o --output-file -a --append-output -U --user-agent --header --post-data --post-file --body-data --body-file --method -T --timeout -t --tries -A -R -l --level -i --input-file -Q -w --wait --limit-rate --user --password -D -d --dir -s --split -x --max-connection-per-server --load-cookies --save-cookies --referer -e --execute -n'.split(' '))

export function wgetRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, WGET_VALUES)
  if (has(flags, '--spider')) return UNKNOWN_FLOW
  for (const [at, word] of words.entries()) if ((word === '-e' || word === '--execute') && /use_askpass|output_document/.test(words[at + 1] ?? '')) shell.does('exec.unknown', 'unknown', { target: words[at + 1] ?? '' })
  const posts = [...valuesOf(flags, '--post-data', '--body-data')]
  const uploads = valuesOf(flags, '--post-file', '--body-file')
  const method = valuesOf(flags, '--method').at(-1)?.toUpperCase() ?? (posts.length + uploads.length > 0 ? 'POST' : 'GET')
  sent({ shell, urls: operands, stdin, method, bodies: posts, uploads, headers: valuesOf(flags, '--header') })
  const [output] = valuesOf(flags, '-O', '--output-document')
  if (output === '-') return DOWNLOADED
  const folder = valuesOf(flags, '-P', '--directory-prefix', '-d', '--dir').at(-1) ?? '.'
  const name = output ?? (valuesOf(flags, '-o').at(-1) !== undefined && !words.includes('wget') && flags.has('-s') ? valuesOf(flags, '-o').at(-1) : undefined)
  if (name !== undefined) writeTo(name, DOWNLOADED, shell)
  else for (const url of operands) writeTo(`${folder}/${nameIn(url)}`, DOWNLOADED, shell)
  return NOTHING
}

export function httpieRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-o --output -a --auth -A --auth-type --session --timeout --proxy --verify --print -p --style'.split(' ')))
  const [first = '', ...rest] = operands
  const isMethod = /^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$/i.test(first)
  const url = isMethod ? (rest[0] ?? '') : first
  const items = isMethod ? rest.slice(1) : rest
  const bodies = items.filter((item) => /^[\w.[\]-]+(:?=|@)/.test(item) && !/^[\w-]+==/.test(item))
  const method = isMethod ? first.toUpperCase() : bodies.length > 0 || stdin !== UNKNOWN_FLOW ? 'POST' : 'GET'
  if (has(flags, '--offline')) return UNKNOWN_FLOW
  sent({ shell, urls: [url], stdin, method, bodies, uploads: stdin !== UNKNOWN_FLOW ? ['-'] : [], headers: items.filter((item) => /^[\w-]+:/.test(item)) })
  for (const path of valuesOf(flags, '-o', '--output')) writeTo(path, DOWNLOADED, shell)
  return DOWNLOADED
}
