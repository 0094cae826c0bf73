/** Walks a script as a shell would run it and tells the scene what every command does. */
import { parse, type AndOr, type Command, type CommandNode, type CompoundList, type For, type ParsedScript, type Pipeline, type Redirection, type Script, type Statement, type Word } from 'unbash'
import type { Interpreter } from '../scene.ts'
import { ANYTHING, NOTHING, type Flow, UNKNOWN_FLOW } from '../text.ts'
import { assign, runSimple } from './simple.ts'
import { expandText, expandWord, substitutionsIn } from './expand.ts'
import { redirected } from './redirects.ts'
import { DONE, either, joined, type Result } from './result.ts'
import type { Shell } from './shell.ts'

const ITERATIONS_MAX = 24

export const BASH: Interpreter = { text: runText, script: runScript, node: runNode }

/** A line of shell text. Syntax that bash would refuse is told, and what could be read is judged all the same. */
function runText(text: string, shell: Shell): Result {
  shell.scene.budget.bytes(text.length)
  return runScript(parse(text), shell)
}

function runScript(script: ParsedScript | string, shell: Shell): Result {
  if (typeof script === 'string') return runText(script, shell)
  if (script.errors?.length) shell.does('unknown', 'unknown', { target: 'a part that is no valid shell', note: `cannot be read as shell: ${script.errors[0]?.message ?? ''}`, certainty: 'assumed' })
  return runAll(script.commands, shell, shell.stdin)
}

function runAll(statements: Script['commands'], shell: Shell, stdin: Flow): Result {
  let out: Flow = NOTHING
  let last: Result = DONE
  for (const statement of statements) {
    last = runStatement(statement, shell, stdin)
    out = joined(out, last.out)
    if (last.isOver) break
  }
  return { ...last, out }
}

function runStatement(statement: Statement, shell: Shell, stdin: Flow): Result {
  shell.scene.budget.step()
  if (statement.background !== true) return runNode(statement.command, shell, stdin)
  return { ...runNode(statement.command, shell.fork(), stdin), succeeds: true, isOver: false }
}

export type AnyNode = Statement['command'] | CompoundList

function runNode(node: AnyNode, shell: Shell, stdin: Flow): Result {
  switch (node.type) {
    case 'AndOr': return runAndOr(node, shell, stdin)
    case 'Pipeline': return runPipeline(node, shell, stdin)
    case 'Command': return runCommand(node, shell, stdin)
    case 'CompoundList': return runAll(node.commands, shell, stdin)
    case 'Subshell': return { ...runAll(node.body.commands, shell.fork(), stdin), isOver: false }
    case 'BraceGroup': return runAll(node.body.commands, shell, stdin)
    case 'Redirected': return redirected(node.redirects, shell, stdin, (flow) => runNode(node.command, shell, flow), runScript)
    case 'If': {
      const test = runNode(node.clause, shell, stdin)
      if (test.succeeds === true) return runNode(node.then, shell, stdin)
      const branches: Result[] = test.succeeds === false ? [] : [runNode(node.then, shell, stdin)]
      for (const { clause, then } of node.elif) branches.push(runNode(clause, shell, stdin), runNode(then, shell, stdin))
      if (node.else) branches.push(runNode(node.else, shell, stdin))
      return { succeeds: undefined, out: [test, ...branches].map(({ out }) => out).reduce(either), isOver: false }
    }
    case 'For': return runFor(node, shell, stdin)
    case 'ArithmeticFor':
      for (const sum of [node.initialize, node.test, node.update]) visitWords(sum, shell)
      return uncertain(runNode(node.body, shell, stdin))
    case 'Select': return uncertain(runFor(node, shell, stdin))
    case 'While': {
      const test = runNode(node.clause, shell, stdin)
      if (test.succeeds === (node.kind === 'until')) return { ...DONE, succeeds: true, out: test.out }
      if (test.succeeds === (node.kind === 'while') && spawns(node.body)) shell.does('proc.bomb', 'system', { target: 'an endless loop that starts processes in the background', certainty: 'assumed' })
      const body = runNode(node.body, shell, stdin)
      return { succeeds: undefined, out: either(test.out, body.out), isOver: false }
    }
    case 'Case': {
      expandText(node.word, shell, runScript)
      for (const { pattern } of node.items) for (const word of pattern) expandText(word, shell, runScript)
      return { succeeds: undefined, out: node.items.map(({ body }) => runNode(body, shell, stdin).out).reduce(either, NOTHING), isOver: false }
    }
    case 'Function':
      if (node.body.type !== 'CompoundList') shell.functions.set(node.name.value, node)
      return { ...DONE, succeeds: true }
    case 'Coproc': return uncertain(runNode(node.body, shell.fork(), stdin))
    case 'TestCommand': case 'ArithmeticCommand': {
      if (node.type === 'ArithmeticCommand') substitutionsIn(node.body, shell, runScript)
      else visitWords(node, shell)
      return DONE
    }
  }
}

function runAndOr({ commands, operators }: AndOr, shell: Shell, stdin: Flow): Result {
  let out: Flow = NOTHING
  let succeeds: boolean | undefined = true
  let isOver = false
  let isCertain = true
  commands.forEach((command, index) => {
    const operator = operators[index - 1]
    if (isOver) return
    if (operator === '&&' && succeeds === false) return
    if (operator === '||' && succeeds === true) return
    if (operator !== undefined && succeeds === undefined) isCertain = false
    const result = runNode(command, shell, stdin)
    out = joined(out, result.out)
    isOver = result.isOver && isCertain
    succeeds = isCertain ? result.succeeds : undefined
  })
  return { succeeds, out, isOver }
}

/** What one stage prints, the next one reads. */
function runPipeline({ commands, prefixes }: Pipeline, shell: Shell, stdin: Flow): Result {
  let flow = stdin
  let last: Result = DONE
  commands.forEach((command, index) => {
    const isLast = index === commands.length - 1
    if (commands.length > 1 && callsItself(command, shell)) shell.does('proc.bomb', 'system', { target: 'a function that starts itself twice' })
    last = runNode(command, isLast && commands.length === 1 ? shell : shell.fork(), flow)
    // What it prints is not known, yet it is no person who types.
    flow = last.out === UNKNOWN_FLOW ? { ...UNKNOWN_FLOW } : last.out
  })
  const negated = prefixes.some(({ type }) => type === 'Negation')
  return { succeeds: negated && last.succeeds !== undefined ? !last.succeeds : last.succeeds, out: flow, isOver: commands.length === 1 && last.isOver }
}

function callsItself(node: CommandNode, shell: Shell): boolean {
  return node.type === 'Command' && node.name !== undefined && shell.calling.includes(node.name.value)
}

/** A range that ends beyond a thousand. */
const FLOOD = /(\.\.|seq[^)]*\s)\d{4,}/

/** Does it leave processes behind in each round? */
function spawns(list: CompoundList): boolean {
  return list.commands.some(({ background, command }) => background === true || ((command.type === 'BraceGroup' || command.type === 'Subshell') && spawns(command.body)))
}

function runFor(node: Pick<For, 'name' | 'wordlist' | 'body'>, shell: Shell, stdin: Flow): Result {
  if (node.wordlist?.some(({ text }) => FLOOD.test(text)) === true && spawns(node.body)) shell.does('proc.bomb', 'system', { target: 'thousands of processes in the background', certainty: 'assumed' })
  const words = node.wordlist === undefined ? [...(shell.positional ?? [ANYTHING])] : node.wordlist.flatMap((word) => expandWord(word, shell, runScript))
  // A run of numbers from `seq` and the like is one name to us.
  const before = shell.scene.effects.length
  const values = words.length > ITERATIONS_MAX ? [...words.slice(0, ITERATIONS_MAX - 1), ANYTHING] : words
  let out: Flow = NOTHING
  for (const value of values) {
    shell.variables.set(node.name.value, value)
    const body = runNode(node.body, shell, stdin)
    out = values.length === 1 ? body.out : joined(out, body.out)
    if (body.isOver) return { succeeds: undefined, out, isOver: true }
  }
  if (node.wordlist?.some(({ text }) => listsAll(text)) === true) shell.raiseToAll(before)
  return { succeeds: undefined, out, isOver: false }
}

/** `$(qm list | awk …)`: whatever there is, as long as nothing selects. */
function listsAll(text: string): boolean {
  return /^(\$\(|`)/.test(text) && /\b(list|ls|get|status|show|describe|projects|keys)\b/.test(text) && !/grep|head|tail|sed -n|--?(l|selector|filters?|label|query|name|jq)\b|\/[^/]*[a-z][^/]*\/ *\{|select\(/.test(text)
}

function runCommand(command: Command, shell: Shell, stdin: Flow): Result {
  shell.scene.budget.step()
  if (shell.outerSpan === undefined) shell.span = [command.pos, command.end]
  const redirects = [...command.prefix, ...command.suffix].filter((part): part is Redirection => part.type === 'Redirect' || part.type === 'HereDoc' || part.type === 'HereString')
  const assignments = command.prefix.filter((part) => part.type === 'Assignment')
  if (redirects.length === 0) return words(stdin)
  // A redirection asks whose it is.
  shell.program = command.name?.value ?? ''
  return redirected(redirects, shell, stdin, words, runScript)

  function words(flow: Flow): Result {
    const { name } = command
    if (name === undefined) {
      for (const one of assignments) assign(one, shell, runScript)
      return { ...DONE, succeeds: assignments.some(({ text }) => text.includes('$(') || text.includes('`')) ? undefined : true }
    }
    const fields = [name, ...command.args].flatMap((part) => (part.type === 'Word' ? expandWord(part, shell, runScript) : [assignmentText(part)]))
    // The words may have moved the span inside (a substitution): it is this command's again.
    if (shell.outerSpan === undefined) shell.span = [command.pos, command.end]
    const before = shell.scene.effects.length
    const result = runSimple({ fields, assignments, stdin: flow, isQuotedName: name.text !== name.value }, shell)
    if (command.args.some((part) => part.type === 'Word' && listsAll(part.text))) shell.raiseToAll(before)
    return result
  }

  function assignmentText(part: Extract<Command['args'][number], { type: 'Assignment' }>): string {
    const value = part.value.type === 'Word' ? expandText(part.value, shell, runScript) : `(${part.value.elements.map((element) => expandText(element, shell, runScript)).join(' ')})`
    return `${part.name}${part.append === true ? '+' : ''}=${value}`
  }
}

/** Substitutions inside `[[ … ]]` and `(( … ))` run, too. */
function visitWords(node: unknown, shell: Shell): void {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && node.type === 'Word') {
    // All words of the tree have this shape.
    expandText(node as Word, shell, runScript)
    return
  }
  if ('type' in node && (node.type === 'ArithmeticCommandExpansion' || node.type === 'CommandExpansion') && 'script' in node && typeof node.script === 'object' && node.script !== null) {
    runScript(node.script as ParsedScript, shell.fork())
    return
  }
  for (const [key, child] of Object.entries(node)) if (key !== 'type') visitWords(child, shell)
}

function uncertain(result: Result): Result {
  return { ...result, succeeds: undefined, isOver: false }
}
