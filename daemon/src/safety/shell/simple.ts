/** One command with its words expanded: assignment, alias, function, built-in or program. */
import type { Assignment } from 'unbash'
import { carryOut } from '../carry-out.ts'
import { ANYTHING, GLOB, isDownloaded, isKnown, isSecret, quoted, type Flow } from '../text.ts'
import { wordsOfBuiltin } from './builtin-words.ts'
import { BUILTINS } from './builtins.ts'
import { judgeEnvironment } from './environment.ts'
import { expandText, type Substitute } from './expand.ts'
import { globSource } from './parameter.ts'
import { DONE, type Result } from './result.ts'
import type { Shell } from './shell.ts'

export interface Simple {
  readonly fields: readonly string[]
  readonly assignments: readonly Assignment[]
  readonly stdin: Flow
  /** `\ls` and `'ls'` are no aliases. */
  readonly isQuotedName: boolean
}

const CALLS_MAX = 12

export function runSimple({ fields, assignments, stdin, isQuotedName }: Simple, outer: Shell): Result {
  for (const one of assignments) judgeEnvironment(one.name, one.value.type === 'Word' ? expandText(one.value, outer, outer.scene.interpreter.script) : '', outer)
  const shell = outer
  const [name = '', ...words] = fields
  if (name === '') return fields.length === 0 ? { ...DONE, succeeds: true } : DONE
  shell.scene.budget.step()
  const alias = isQuotedName ? undefined : shell.aliases.get(name)
  if (alias !== undefined && !shell.calling.includes(`alias ${name}`)) return shell.run([alias, ...words.map(quoted)].join(' '), { stdin, calling: [...shell.calling, `alias ${name}`] })
  const body = shell.functions.get(name)
  if (body !== undefined && body.body.type !== 'CompoundList') {
    if (shell.calling.includes(name) || shell.calling.length >= CALLS_MAX) {
      shell.does('unknown', 'none', { target: name, note: `the function ${name} calls itself` })
      return DONE
    }
    const before = shell.positional
    const inner = shell.fork({ calling: [...shell.calling, name], positional: words })
    const result = shell.scene.interpreter.node(body.body, inner, stdin)
    shell.cwd = inner.cwd
    for (const [key, value] of inner.variables) shell.variables.set(key, value)
    shell.positional = before
    return { ...result, isOver: result.isOver && result.succeeds === false }
  }
  const builtin = BUILTINS[name]
  shell.program = name
  if (builtin) {
    shell.stage([name, ...words], wordsOfBuiltin(name))
    return builtin({ words, stdin, shell })
  }
  if (isDownloaded(name)) return unknowable('exec.remote', 'runs what was downloaded', shell)
  if (!isKnown(name)) return unknowable('exec.unknown', `what ${isSecret(name) ? 'a secret' : 'a variable'} names is run`, shell)
  if (name.includes(GLOB)) return byPattern(name, words, stdin, shell)
  const out = carryOut({ name, words, stdin, shell: withOwn(assignments, shell) })
  return { succeeds: undefined, out, isOver: false }
}

/** `X=1 CMD`: the command has X, and the shell has not. */
function withOwn(assignments: readonly Assignment[], shell: Shell): Shell {
  if (assignments.length === 0) return shell
  const own = shell.fork()
  for (const one of assignments) assign(one, own, shell.scene.interpreter.script)
  return own
}

function unknowable(kind: 'exec.remote' | 'exec.unknown', note: string, shell: Shell): Result {
  shell.does(kind, shell.isRoot ? 'vital' : 'unknown', { target: ANYTHING, note })
  return DONE
}

/** `/bin/r?`: every program whose name fits may be meant. */
function byPattern(pattern: string, words: readonly string[], stdin: Flow, shell: Shell): Result {
  const source = new RegExp(`^${globSource(pattern.split('/').at(-1) ?? '', true)}$`)
  const fitting = shell.scene.models.names.filter((name) => source.test(name)).slice(0, 24)
  for (const name of fitting) carryOut({ name, words, stdin, shell })
  return unknowable('exec.unknown', 'a pattern names the program that is run', shell)
}

export function assign(assignment: Assignment, shell: Shell, run: Substitute): void {
  const { name, value, append, index } = assignment
  const before = shell.variables.get(name)
  if (value.type === 'ArrayValue') {
    const elements = value.elements.map((element) => expandText(element, shell, run))
    shell.variables.set(name, append === true && before !== undefined ? [...(typeof before === 'string' ? [before] : before), ...elements] : elements)
    return
  }
  const text = expandText(value, shell, run)
  judgeEnvironment(name, text, shell)
  if (index !== undefined) {
    const at = Number(expandText(index, shell, run))
    const list = typeof before === 'string' ? [before] : [...(before ?? [])]
    if (Number.isInteger(at) && at >= 0 && at < 1000) list[at] = text
    shell.variables.set(name, list)
  } else shell.variables.set(name, append === true && typeof before === 'string' ? before + text : text)
}
