/** What package managers share: scripts of the project, packages fetched to be run, places to install to. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeCode } from './code.ts'
import { judgeTask } from './build.ts'
import { startText, startWords, unwrap } from './wrap.ts'

const RUNS = /^(run|exec|x|dlx|run-script|script|tool-run)$/
const GLOBAL_VALUES = '-C --prefix --dir --filter -F -w --workspace --cwd -p --package --with -e --python --env-file --project --directory --group -n --name -c --call --from'

/** For sub-commands that `subs` does not name: scripts of the project, or `… run CMD`. */
export function runnerRun(call: Call): Flow {
  const { name, words, shell, stdin } = call
  const { options, inner } = unwrap(words, { values: GLOBAL_VALUES })
  const script = name === 'bun' ? words.findIndex((word) => /^(-e|--eval|-p|--print)$/.test(word)) : -1
  if (script >= 0) return judgeCode(words[script + 1] ?? '', { shell, stdin }, 'node')
  const [verb = '', ...rest] = inner
  if (verb === '') {
    // `yarn` alone installs; most others print their help.
    if (name === 'yarn') shell.does('deps', 'build', { target: 'the declared dependencies' })
    return UNKNOWN_FLOW
  }
  const code = options.get('-c') ?? options.get('--call')
  if (code !== undefined && /^(exec|x)$/.test(verb)) return startText(code, shell, stdin)
  if (/^(nvm|mise|asdf|rtx|volta|fnm|pyenv|rbenv|uv|poetry|pdm|pipenv|hatch|rye|conda|mamba|micromamba|pixi|bundle|bundler|dotenv|stack|cabal|opam)$/.test(name) && /^(run|exec|x)$/.test(verb)) {
    const { inner: command } = unwrap(rest, { values: GLOBAL_VALUES, skip: /^(nvm|asdf)$/.test(name) ? 1 : 0 })
    return startWords(command, shell, stdin)
  }
  if (verb === 'explore' && words.includes('--')) return startWords(words.slice(words.indexOf('--') + 1), shell, stdin)
  if (/^(exec|x|dlx)$/.test(verb)) return fetchedAndRun(rest, call, verb === 'dlx' || name === 'bun')
  // `npm run` lists the scripts.
  if (RUNS.test(verb) && rest.length === 0) return UNKNOWN_FLOW
  judgeTask(RUNS.test(verb) ? (rest.find((word) => !word.startsWith('-')) ?? '') : verb, call)
  return UNKNOWN_FLOW
}

/** `npx X`: X may be a tool of the project, or anything from the registry. */
export function execRun(call: Call): Flow {
  const { name, words, shell, stdin } = call
  if (name === 'pipx') {
    const [verb = '', ...rest] = words
    if (/^(list|environment|--version|interpreter)$/.test(verb)) return UNKNOWN_FLOW
    if (verb === 'run') return fetchedAndRun(rest, call, true)
    shell.does('install', 'system', { target: rest.join(' ') })
    return UNKNOWN_FLOW
  }
  const at = words.findIndex((word) => word === '-c' || word === '--call')
  if (at >= 0) return startText(words[at + 1] ?? '', shell, stdin)
  return fetchedAndRun(words, call, false)
}

function fetchedAndRun(words: readonly string[], { shell, stdin }: Call, isAlwaysFetched: boolean): Flow {
  const { options, inner } = unwrap(words, { values: '-p --package -w --workspace --from --with --python --registry -c --call' })
  const line = options.get('-c') ?? options.get('--call') ?? (/\s/.test(inner[0] ?? '') ? inner[0] : undefined)
  if (line !== undefined) return startText(line, shell, stdin)
  const [first = '', ...rest] = inner
  const tool = first.replace(/^(@[\w-]+\/)?([^@]+)(@[^/]*)?$/, '$2')
  const isNamed = !first.includes('/') || first.startsWith('@')
  const known = KNOWN_TOOLS[first.replace(/(.)@[^/]*$/, '$1')] ?? (shell.scene.models.find(tool) && isNamed ? tool : undefined)
  if (first === '' || (options.size > 0 && first === '')) return NOTHING
  if (known !== undefined) return startWords([known, ...rest], shell, stdin)
  if (options.has('--no-install') || options.has('--no')) shell.does('exec.project', 'project', { target: first })
  else if (/^(\.{0,2}\/)/.test(first)) shell.does('exec.project', 'project', { target: first })
  else shell.does('exec.remote', isAlwaysFetched ? 'remote' : 'remote', { target: first, note: `runs the package ${first}, fetched if it is not there` })
  return UNKNOWN_FLOW
}

/** Tools of projects by the names of their packages. */
const KNOWN_TOOLS: Readonly<Record<string, string>> = Object.assign(Object.create(null) as object, {
  'typescript': 'tsc', 'rimraf': 'rimraf', '@biomejs/biome': 'biome', 'npm-check-updates': 'ncu', 'create-vite': 'vite', 'create-next-app': 'vite', 'create-react-app': 'vite', 'drizzle-kit': 'drizzle-kit', 'playwright': 'playwright', '@playwright/test': 'playwright',
})

const PIP_LOOK = /^(list|show|freeze|check|search|index|debug|help|inspect|hash|config)$/

export function pipRun({ words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url --prefix --root --cache-dir --python --proxy --trusted-host -f --find-links --timeout -d --dest -w'.split(' ')))
  const [verb = '', ...packages] = operands
  if (verb === 'config' && /^(set|unset|edit)$/.test(packages[0] ?? '')) shell.does('config', 'home', { target: packages.join(' ') })
  if (PIP_LOOK.test(verb) || verb === '' || has(flags, '--dry-run')) return UNKNOWN_FLOW
  const isDeclared = packages.every((one) => /^(\.|\.\/|\.\[)/.test(one)) && (flags.has('-r') || has(flags, '--requirement') || valuesOf(flags, '-e', '--editable').every((one) => one.startsWith('.')))
  if (/^(download|wheel)$/.test(verb)) shell.does('fs.write', 'project', { target: packages.join(' ') })
  else if (verb === 'cache') shell.does('config', 'project', { target: 'the cache' })
  else if (verb === 'install' && isDeclared && !shell.isRoot && !has(flags, '--break-system-packages') && valuesOf(flags, '-i', '--index-url', '--extra-index-url').every((url) => /pypi\.org/.test(url))) shell.does('deps', 'build', { target: 'the declared dependencies' })
  else if (verb === 'install' && valuesOf(flags, '-t', '--target').some((path) => shell.place(path).scope === 'project' || shell.place(path).scope === 'build')) shell.does('deps', 'build', { target: packages.join(' ') })
  else shell.does('install', 'system', { target: packages.join(' ') })
  return UNKNOWN_FLOW
}
