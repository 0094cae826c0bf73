/** python, node, perl, ruby, php and the like: a text, a module, a file, or what the pipe brings. */
import type { Call } from '../call.ts'
import { readFrom } from '../shell/redirects.ts'
import { isKnown, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeCode } from './code.ts'
import { unwrap, startWords } from './wrap.ts'

interface Language {
  readonly code: readonly string[]
  readonly values: string
  /** Only checks or tells. */
  readonly looks: readonly string[]
}

const PLAIN: Language = { code: ['-e', '-E'], values: '-I -r -M -m -C -e -E -S', looks: ['-v', '--version', '-V', '--help', '-h'] }
const LANGUAGES: Readonly<Record<string, Language>> = {
  python: { code: ['-c'], values: '-c -m -W -X -Q --check-hash-based-pycs', looks: ['-V', '--version', '-h', '--help', '-VV'] },
  node: { code: ['-e', '--eval', '-p', '--print', '-pe'], values: '-e --eval -p --print -pe -r --require --import -C --loader --env-file --inspect-port', looks: ['-v', '--version', '-h', '--help', '-c', '--check'] },
  perl: { code: ['-e', '-E'], values: '-e -E -I -M -m -F', looks: ['-v', '-V', '-c', '--version'] },
  ruby: { code: ['-e'], values: '-e -r -I -C', looks: ['-v', '--version', '-c'] },
  php: { code: ['-r', '-B', '-R', '-E'], values: '-r -d -c -f -B -R -E -S -t -z', looks: ['-v', '-i', '-m', '-l', '--version', '--ini'] },
  deno: { code: [], values: '-A: -c --config --import-map', looks: ['--version'] },
}

export function interpret(call: Call): Flow {
  const { name, words, shell, stdin } = call
  const family = /^(python|pypy|ipython)/.test(name) ? 'python' : /^(node|nodejs|bun|tsx|ts-node|iojs)$/.test(name) ? 'node' : name
  const language = LANGUAGES[family] ?? PLAIN
  if (words.some((word, at) => language.looks.includes(word) && at === 0)) return UNKNOWN_FLOW
  if (words.at(-1) === '--help' && words.every((word) => word.startsWith('-'))) return UNKNOWN_FLOW
  const code = codeIn(words, language)
  if (code !== undefined) {
    inPlace(call, family)
    const out = judgeCode(withArguments(code, family), { shell, stdin }, family)
    return { ...out, isSecret: out.isSecret || (stdin.isSecret && /\b(sys\.stdin|process\.stdin|STDIN|<>|-n|-p|readFileSync\(0|\$_)\b/.test(code.text + words.join(' '))) || code.files.some((file) => readFrom(file, shell).isSecret) }
  }
  if (family === 'python' && words.includes('-m')) return module(words.slice(words.indexOf('-m') + 1), call)
  if (family === 'php' && words.includes('-S')) { shell.does('net.listen', 'none', { target: words[words.indexOf('-S') + 1] ?? '' }); return UNKNOWN_FLOW }
  if (family === 'deno') return deno(words, call)
  const { inner } = unwrap(words, { values: language.values })
  const [file] = inner
  if (file === undefined || file === '-') return fromPipe(call, family)
  const flow = readFrom(file, shell)
  if (flow.text !== undefined) return judgeCode(flow.text, { shell, stdin }, family)
  const place = shell.place(file)
  const scope = shell.isRoot ? 'vital' as const : 'unknown' as const
  if (flow.isDownloaded) shell.does('exec.remote', scope, { target: place.path })
  else if (!isKnown(file) || place.scope === 'temp') shell.does('exec.unknown', scope, { target: file, note: 'runs a file that nobody has reviewed' })
  else if (/manage\.py$|artisan$/.test(file)) return startWords([file.split('/').at(-1) ?? file, ...inner.slice(1)], shell, stdin)
  else shell.does('exec.project', 'project', { target: inner.join(' ') })
  return UNKNOWN_FLOW
}

/** `-c CODE`, `-ecode`, `-ne CODE`, `-pie CODE`. */
function codeIn(words: readonly string[], { code, values }: Language): { text: string; files: readonly string[] } | undefined {
  const texts: string[] = []
  const letters = new Set(code.filter((one) => one.length === 2).map((one) => one[1] ?? ''))
  const taking = new Set(values.split(' '))
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (code.includes(word)) { texts.push(words[at + 1] ?? ''); at += 1; continue }
    const joined = /^(--eval|--print)=(.*)$/s.exec(word)
    if (joined) { texts.push(joined[2] ?? ''); continue }
    if (/^-[a-zA-Z0-9.]+$/.test(word) && !word.startsWith('--') && letters.has(word.at(-1) ?? '') && word.length > 2) { texts.push(words[at + 1] ?? ''); at += 1; continue }
    if (/^-[ce]./s.test(word) && letters.has(word[1] ?? '') && !/^-[a-z0-9.]+$/i.test(word)) { texts.push(word.slice(2)); continue }
    if (taking.has(word)) { at += 1; continue }
    if (!word.startsWith('-') || word === '-') return texts.length > 0 ? { text: texts.join('\n'), files: words.slice(at) } : undefined
  }
  return texts.length > 0 ? { text: texts.join('\n'), files: [] } : undefined
}

/** `system($ARGV[0])` with its words behind it: what they are, is known. */
function withArguments({ text, files }: { text: string; files: readonly string[] }, family: string): string {
  if (files.length === 0 || !/argv/i.test(text)) return text
  // Python counts the `-c`, node the program; perl and ruby begin with the first word.
  const before = family === 'python' || family === 'node' || family === 'php' ? 1 : 0
  return text.replace(/(?:sys\.argv|process\.argv|\$?argv|\$ARGV|ARGV)\[(\d+)\]/g, (whole, at: string) => {
    const word = files[Number(at) - before]
    return word === undefined ? whole : JSON.stringify(word)
  })
}

/** `perl -pi -e` and `ruby -i` write into the files that they read. */
function inPlace({ words, shell, stdin }: Call, family: string): void {
  if ((family !== 'perl' && family !== 'ruby') || !words.some((word) => /^-[a-zA-Z0-9]*i/.test(word) && !word.startsWith('-I'))) return
  const files = words.filter((word, at) => !word.startsWith('-') && !/^-[a-zA-Z]*[eE]$/.test(words[at - 1] ?? ''))
  for (const file of [...files, ...(files.length === 0 ? (stdin.paths ?? []) : [])]) shell.touch('fs.write', file, { amount: 'one' })
}

function fromPipe({ shell, stdin }: Call, family: string): Flow {
  if (stdin.text !== undefined) return judgeCode(stdin.text, { shell, stdin: NOTHING }, family)
  const scope = shell.isRoot ? 'vital' as const : 'unknown' as const
  if (stdin.isDownloaded) shell.does('exec.remote', scope, { target: 'what the pipe brings from the network' })
  else if (stdin === UNKNOWN_FLOW) shell.does('unknown', 'none', { target: 'a prompt for whoever sits there' })
  else shell.does('exec.unknown', scope, { target: 'what the pipe brings' })
  return UNKNOWN_FLOW
}

const READING_MODULES = /^(json\.tool|timeit|calendar|platform|site|sysconfig|this|dis|tokenize|ast|pprint|pydoc|inspect|mimetypes|base64|quopri|encodings\.\w+|tabnanny|symtable|pyclbr)$/

function module([name = '', ...rest]: readonly string[], { shell, stdin }: Call): Flow {
  if (READING_MODULES.test(name)) return { ...UNKNOWN_FLOW, isSecret: stdin.isSecret }
  if (name === 'http.server' || name === 'SimpleHTTPServer' || name === 'pyftpdlib' || name === 'smtpd') {
    shell.does('net.listen', 'none', { target: rest.join(' '), note: 'serves this folder to the network' })
    return UNKNOWN_FLOW
  }
  if (name === 'venv' || name === 'virtualenv' || name === 'ensurepip' || name === 'compileall' || name === 'py_compile') {
    shell.does('fs.write', 'build', { target: rest.join(' ') })
    return UNKNOWN_FLOW
  }
  if (name === 'zipfile' || name === 'tarfile' || name === 'gzip') {
    if (!rest.includes('-l') && !rest.includes('-t')) shell.does('fs.write', 'project', { target: rest.join(' ') })
    return UNKNOWN_FLOW
  }
  if (shell.scene.models.find(name)) return startWords([name, ...rest], shell, stdin)
  shell.does('exec.project', 'project', { target: `the module ${name}` })
  return UNKNOWN_FLOW
}

function deno([verb = '', ...rest]: readonly string[], { shell, stdin }: Call): Flow {
  if (verb === 'eval') return judgeCode(rest.find((word) => !word.startsWith('-')) ?? '', { shell, stdin }, 'node')
  if (/^(check|lint|info|doc|types|--version|help|outdated)$/.test(verb) || (verb === 'fmt' && rest.includes('--check'))) return UNKNOWN_FLOW
  if (/^(install|i|uninstall|upgrade)$/.test(verb) && rest.some((word) => word === '-g' || word === '--global')) shell.does('install', 'system', { target: rest.join(' ') })
  else if (verb === 'publish') shell.does('publish', 'remote', { target: rest.join(' ') })
  else if (rest.some((word) => /^https?:\/\//.test(word))) shell.does('exec.remote', 'remote', { target: rest.join(' ') })
  else shell.does('exec.project', 'project', { target: rest.join(' ') })
  return UNKNOWN_FLOW
}
