/** Filters: what goes in comes out, in part; some can write, and two have a language of their own. */
import { contentOf, has, sorted, valuesOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import { GLOB, isKnown, isSecret, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'

/** The content is changed on the way, yet what is secret in it stays secret. */
function changed(flow: Flow): Flow {
  return { ...flow, text: undefined, paths: flow.paths }
}

/** Some of them, not all. */
function selected(flow: Flow): Flow {
  return { ...flow, paths: flow.paths?.map((path) => (path.endsWith(GLOB) ? `${path}x` : path)) }
}

const TAKES_PATTERN = new Set(['jq', 'gojq', 'jaq', 'yq', 'xq', 'tomlq', 'fx', 'dasel', 'tr', 'gron', 'pup', 'htmlq', 'xsltproc', 'mlr', 'look'])
const IN_PLACE = new Set(['yq', 'gojq', 'jaq', 'tidy', 'jq', 'tomlq', 'sponge', 'mlr', 'xmllint'])

export function readRun(call: Call): Flow {
  const { name, operands, flags, shell } = call
  // `less '+!CMD'`: typed for whoever sits there.
  for (const word of operands) if (/^\+[!|]/.test(word)) startText(word.slice(2), shell, UNKNOWN_FLOW)
  const files = TAKES_PATTERN.has(name) ? operands.slice(1) : operands
  if (IN_PLACE.has(name) && has(flags, '-i', '--inplace', '--in-place', '-I')) for (const file of files) shell.touch('fs.write', file, { amount: 'one' })
  for (const file of valuesOf(flags, '-o', '--output')) if (name === 'sort' || name === 'xmllint' || name === 'iconv' || name === 'shuf') writeTo(file, UNKNOWN_FLOW, shell)
  const sortOut = name === 'sort' || name === 'shuf' ? call.words[call.words.indexOf('-o') + 1] : undefined
  if (sortOut !== undefined && call.words.includes('-o')) writeTo(sortOut, UNKNOWN_FLOW, shell)
  if (name === 'base64' || name === 'xxd') return contentOf(files, call)
  const flow = contentOf(files.filter((file) => !/^\d+$/.test(file)), call)
  if (name === 'head' || name === 'tail') return flow.text === undefined ? selected(flow) : selected(changed(flow))
  return flow.text === undefined ? flow : name === 'cat' ? flow : changed(flow)
}

export function grepRun({ words, stdin, shell, name }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-e -f -A -B -C -m -g --glob -t --type --include --exclude --exclude-dir -d -D --color --max-count --context -r:'.split(' ')))
  const files = has(flags, '-e', '--regexp', '-f') ? operands : operands.slice(1)
  // How often, where and whether: that shows nothing of the content.
  if (has(flags, '-q', '--quiet', '-c', '--count', '-l', '--files-with-matches', '-L', '--silent')) return { ...UNKNOWN_FLOW, ...(has(flags, '-l', '-L', '--files-with-matches') ? { paths: [`./${GLOB}x`] } : {}) }
  for (const program of valuesOf(flags, '--pre')) if (name === 'rg') startText(program, shell, UNKNOWN_FLOW)
  // Of the environment a line was asked for: is it one of those?
  if (files.length === 0) return { ...selected(changed(stdin)), isEnvironment: stdin.isEnvironment === true && !/SECRET|TOKEN|PASS|KEY|CRED/i.test(words.join(' ')) }
  return { ...UNKNOWN_FLOW, isSecret: files.some((file) => readFrom(file, shell).isSecret && !/\.(aws|ssh|gnupg|azure|docker|kube)$/.test(file)), isDownloaded: false }
}

export function sedRun(call: Call): Flow {
  const { words, shell } = call
  const isInPlace = words.some((word) => /^(-[a-zA-Z]*i|--in-place)/.test(word) && !word.startsWith('-e'))
  const { flags, operands } = sorted(words.map((word) => (/^-i.+/.test(word) && !/^-i[neErsz]*$/.test(word) ? '-i' : word)), new Set(['-e', '-f', '--expression', '--file']))
  const scripts = valuesOf(flags, '-e', '--expression')
  const files = scripts.length > 0 || has(flags, '-f', '--file') ? operands : operands.slice(1)
  const script = scripts.length > 0 ? scripts.join('\n') : (operands[0] ?? '')
  for (const [, run = ''] of script.matchAll(/(?:^|[;{}\n])\s*(?:\d+|\$|\/[^/]*\/)?(?:,\d+|,\$)?\s*e\s+([^\n}]+)/g)) startText(run, shell, UNKNOWN_FLOW)
  if (/s(.)(?:(?!\1).)*\1(?:(?!\1).)*\1[gIp0-9]*e/.test(script)) shell.does('exec.unknown', 'unknown', { target: 'what a replacement gives' })
  for (const [, path = ''] of script.matchAll(/(?:^|[;{}\n/])\s*(?:\d+|\$|\/[^/]*\/)?\s*[wW]\s+([^\s;}]+)\s*$/gm)) writeTo(path, UNKNOWN_FLOW, shell)
  if (!isInPlace) return has(flags, '-n', '--quiet') ? selected(changed(contentOf(files, call))) : changed(contentOf(files, call))
  for (const file of files) shell.touch('fs.write', file, { amount: 'one' })
  if (files.length === 0) for (const path of call.stdin.paths ?? []) shell.touch('fs.write', path, { amount: 'many' })
  return NOTHING
}

export function awkRun(call: Call): Flow {
  const { words, shell } = call
  const { flags, operands } = sorted(words, new Set(['-F', '-v', '-f', '--field-separator', '--assign', '--file', '-i', '-e', '--source']))
  const isFile = has(flags, '-f', '--file')
  const program = isFile ? '' : (valuesOf(flags, '-e', '--source').join('\n') || (operands[0] ?? ''))
  if (isFile) shell.does('exec.project', 'project', { target: valuesOf(flags, '-f', '--file').join(' ') })
  const code = program.replace(/#[^\n]*/g, '')
  for (const [, text = ''] of code.matchAll(/system\s*\(\s*"((?:\\.|[^"\\])*)"\s*\)/g)) startText(text.replace(/\\(.)/g, '$1'), shell, UNKNOWN_FLOW)
  if (/system\s*\(\s*[^")\s]|system\s*\(\s*"(?:\\.|[^"\\])*"\s*[^)\s]/.test(code)) shell.does('exec.unknown', 'unknown', { target: 'a command made of the data' })
  for (const [, text = ''] of code.matchAll(/\|&?\s*"((?:\\.|[^"\\])*)"/g)) startText(text.replace(/\\(.)/g, '$1'), shell, UNKNOWN_FLOW)
  for (const [, text = ''] of code.matchAll(/"((?:\\.|[^"\\])*)"\s*\|&?\s*getline/g)) startText(text.replace(/\\(.)/g, '$1'), shell, UNKNOWN_FLOW)
  for (const [, path = ''] of code.matchAll(/print[^;}\n]*>>?\s*"([^"]+)"/g)) if (!path.startsWith('/dev/std')) writeTo(path, UNKNOWN_FLOW, shell)
  if (/print[^;}\n>]*>>?\s*[$\w(]/.test(code.replace(/\([^()]*\)/g, '')) && !/>\s*\d/.test(code)) shell.does('fs.write', 'project', { amount: 'many', target: 'files named by the data' })
  if (/\/inet\//.test(code) && code.includes('getline')) shell.does('backdoor', 'remote', { target: 'commands from a socket' })
  else if (/\/inet\//.test(code)) shell.does('net.out', 'remote', { target: 'a socket' })
  if (has(flags, '-i') && valuesOf(flags, '-i').includes('inplace')) for (const file of operands.slice(1)) shell.touch('fs.write', file, { amount: 'one' })
  return changed(contentOf(isFile ? operands : operands.slice(1).filter((one) => !/^\w+=/.test(one)), call))
}

/** Facts about files, nothing of what is in them. */
export function quietRun({ name, flags, shell, operands }: Call): Flow {
  if (name === 'tree') for (const path of valuesOf(flags, '-o')) writeTo(path, UNKNOWN_FLOW, shell)
  if (name === 'tree' && flags.has('-o')) writeTo(operands.at(-1) ?? 'tree.txt', UNKNOWN_FLOW, shell)
  // Of a folder ls prints names, not paths: whoever takes them finds them where he is.
  const isList = name === 'ls' || name === 'find' || name === 'eza'
  return isList ? { ...UNKNOWN_FLOW, paths: operands.length === 0 ? [GLOB] : operands.every(isKnown) ? operands.map((path) => (path.includes(GLOB) ? path : name === 'find' ? `${path.replace(/\/$/, '')}/${GLOB}x` : GLOB)) : [operands.find((path) => !isKnown(path)) ?? ''] } : UNKNOWN_FLOW
}

export function stateRun({ name, words, flags, shell }: Call): Flow {
  if (name === 'date' && has(flags, '-s', '--set')) shell.does('config', 'system', { target: 'the clock' })
  if (name === 'hostname' && words.some((word) => !word.startsWith('-'))) shell.does('config', 'system', { target: 'the name of the machine' })
  if (name === 'swapon' && words.some((word) => !word.startsWith('-'))) shell.does('fs.mount', 'system', { target: 'swap' })
  if (name === 'yes') return { ...UNKNOWN_FLOW, isEndless: true }
  if (name === 'last' || name === 'ps') return { ...UNKNOWN_FLOW, isSecret: words.some(isSecret) }
  return UNKNOWN_FLOW
}
