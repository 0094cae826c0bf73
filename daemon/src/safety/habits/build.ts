/** Builds, tests, formatters, tasks of a project: its own code runs, and the name of a task says what it is for. */
import { sorted, valuesOf, type Call } from '../call.ts'
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'
import { judgeDatabaseTask } from './database-tasks.ts'

const SHARES = /(^|[:._-])(deploy|publish|release|ship|promote|rollout|push|upload|prod|production|apply|provision)($|[:._-])/i
const LOSES = /(^|[:._-])(drop|reset|purge|wipe|nuke|destroy|flush|truncate|fresh|rollback|uninstall|teardown|delete|refresh|clean-?db|reset_db|sqlflush|prune-?all|distclean-all)($|[:._-])/i
const INSTALLS = /(^|[:._-])(install|uninstall)($|[:._-]$)/
const MIGRATES = /(^|[:._-])(migrate|migration|seed|loaddata|createsuperuser|changepassword|upgrade)($|[:._-]|$)/i
const DATA = /(db|database|sql|schema|migrate|migrations?|ecto|artisan|manage)/i

/** A task of the project by its name. */
export function judgeTask(task: string, { shell, name }: Pick<Call, 'shell' | 'name'>): void {
  const target = `${name} ${task}`.trim()
  if (LOSES.test(task) && (DATA.test(`${task} ${name}`) || /nuke|destroy|purge|wipe|teardown/i.test(task))) shell.does('vcs.lose', 'project', { amount: 'many', target, note: `by its name, "${task}" deletes data` })
  else if (SHARES.test(task)) shell.does('publish', 'remote', { target, note: `by its name, "${task}" changes what others use` })
  else shell.does('exec.project', 'project', { target })
}

const DRY = new Set(['-n', '--dry-run', '--just-print', '--recon', '--collect-only', '--co', '--list', '-T', '--tasks', '--listTests', '--showConfig', '--list-tests', '--fixtures', '--list-targets', '--dryRun', '--summary', '--print-config', '--dry', '--show'])
const COMPILERS = /^(gcc|g\+\+|cc|c\+\+|clang|clang\+\+|rustc|gfortran|tcc|emcc|ld|as|nasm|yasm|javac|kotlinc|objcopy|strip|esbuild|rollup|protoc|sass|postcss|tailwindcss|babel|swc)$/
const HAVE_DRY_N = /^(make|gmake|ninja|just|rake|ansible|scons|bmake)$/

export function buildRun(call: Call): Flow {
  const { name, words, shell, stdin } = call
  const { flags, operands } = sorted(words, new Set('--eval -f --file -C --directory -j -o --output --outfile --outdir --out-dir -I -L -D --config -c -m -k -t --port -p -W -d --dir'.split(' ')))
  const isDry = words.some((word) => DRY.has(word)) && (HAVE_DRY_N.test(name) || !flags.has('-n'))
  if ((isDry || (/^(g|b)?make$/.test(name) && words.some((word) => /^-[bBdeikLpqrRsStvw]*[nq][bBdeikLnpqrRsStvw]*$/.test(word)))) && !words.some((word) => word.startsWith('--eval'))) return NOTHING
  if (/^(make|gmake|bmake)$/.test(name) && valuesOf(flags, '-f', '--file').includes('-')) judgeRecipes(stdin.text ?? '', shell)
  for (const text of valuesOf(flags, '--eval')) judgeRecipes(text.replaceAll(';', '\n\t'), shell)
  if (COMPILERS.test(name)) {
    if (flags.has('-E') || flags.has('-fsyntax-only') || flags.has('-S') && valuesOf(flags, '-o').length === 0 && name !== 'gcc') return UNKNOWN_FLOW
    for (const path of valuesOf(flags, '-o', '--output', '--outfile', '--outdir', '--out-dir')) shell.touch('fs.write', path, { amount: 'one' })
    if (valuesOf(flags, '-o', '--output', '--outfile').length === 0) shell.does('fs.write', 'build', { target: operands.slice(0, 3).join(' ') })
    return UNKNOWN_FLOW
  }
  const tasks = operands.filter((word) => !word.includes('='))
  const isMaker = /^(make|gmake|bmake|ninja|cmake|meson|scons|b2|waf|samu|qmake|just|task)$/.test(name)
  const installs = tasks.some((task) => INSTALLS.test(task)) || words.includes('--install')
  if (installs && isMaker && !words.some((word) => /^(DESTDIR|PREFIX|prefix)=\.?\/?(tmp|build|dist|out|stage|\w)/.test(word))) shell.does('install', 'system', { target: `${name} ${tasks.join(' ')}` })
  else if (name === 'cmake' && flags.has('-E')) judgeCmake(words.slice(words.indexOf('-E') + 1), call)
  else if (tasks.length === 0) shell.does('exec.project', 'project', { target: name })
  else for (const task of tasks.slice(0, 4)) if (!judgeDatabaseTask(task, call)) judgeTask(TESTERS.test(name) ? 'test' : task, call)
  if (/^(rails|artisan|manage\.py|django-admin|flask|dbt|airflow)$/.test(name)) judgeFramework(tasks, call)
  return UNKNOWN_FLOW
}

/** What a makefile that was written on the way runs. */
function judgeRecipes(text: string, shell: Call['shell']): void {
  for (const [, recipe = ''] of text.matchAll(/^\t[@+-]*(.+)$/gm)) startText(recipe.replaceAll('$$', '$'), shell, UNKNOWN_FLOW)
  for (const [, command = ''] of text.matchAll(/\$\(shell ([^)]*)\)/g)) startText(command, shell, UNKNOWN_FLOW)
}

const TESTERS = /^(jest|vitest|mocha|ava|tap|jasmine|karma|playwright|cypress|pytest|rspec|phpunit|pest|bats|behave|robot|cucumber|tox|nox|coverage|nyc|c8|ctest|ginkgo|gotestsum|codecept|behat|unittest|nose2)$/

function judgeCmake([verb = '', ...paths]: readonly string[], { shell }: Call): void {
  if (/^(rm|remove|remove_directory)$/.test(verb)) for (const path of paths.filter((one) => !one.startsWith('-'))) shell.touch('fs.delete', path, { amount: 'many' })
  else shell.does('fs.write', 'build', { target: verb })
}

function judgeFramework(tasks: readonly string[], { shell, name, stdin }: Call): void {
  const [task = ''] = tasks
  if (/^(shell|console|c|dbshell|dbconsole|tinker|runner)$/.test(task)) shell.does(stdin === UNKNOWN_FLOW ? 'unknown' : 'exec.unknown', stdin === UNKNOWN_FLOW ? 'none' : 'unknown', { target: `${name} ${task}` })
  else if (MIGRATES.test(task)) shell.does('exec.project', 'project', { target: `${name} ${task}` })
}

const CHECKS = ['--check', '--diff', '-l', '--list-different', '--dry-run', '--noEmit', '--check-only', '--lint', '--verify', '-d', '--test', '--assert', '--list-files', '--showConfig', '--print-config', '--version', '--listFiles']
const WRITES = ['--fix', '--write', '-w', '--apply', '--in-place', '-i', '-a', '-A', '--autocorrect', '--autocorrect-all', '--unsafe-fixes', '--build', '--format-inplace', '-x']
/** These write unless told otherwise. */
const WRITERS = /^(black|isort|yapf|rustfmt|php-cs-fixer|phpcbf|tsc|tsgo|swiftformat|scalafmt|stylua|dprint|oxfmt|nixfmt|alejandra|nixpkgs-fmt|jscodeshift|codemod|pyupgrade|yamlfmt)$/

export function formatRun({ name, words, shell, operands }: Call): Flow {
  const has1 = (names: readonly string[]) => words.some((word) => names.includes(word.split('=')[0] ?? ''))
  const isChecking = has1(CHECKS) && !words.includes('--fix') && !words.includes('--write')
  const verb = operands[0] ?? ''
  const isFormat = /^(ruff|biome|dprint|taplo|buf|golangci-lint|oxlint|sqlfluff)$/.test(name) && /^(format|fmt|fix|generate|check)$/.test(verb)
  const writes = has1(WRITES) || WRITERS.test(name) || (isFormat && /^(format|fmt|fix|generate)$/.test(verb) && name !== 'biome' && !isChecking)
  if (writes && !isChecking) shell.does('fs.write', 'project', { target: operands.join(' '), amount: 'many' })
  return UNKNOWN_FLOW
}
