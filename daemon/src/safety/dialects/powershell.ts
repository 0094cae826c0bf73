/** PowerShell, as far as a judgement needs it: pipelines of commands, variables, script blocks, sub-expressions, .NET calls. */
import { carryOut } from '../carry-out.ts'
import type { Interpreter } from '../scene.ts'
import { BASH } from '../shell/interpret.ts'
import { writeTo } from '../shell/redirects.ts'
import { DONE, joined, printed, type Result } from '../shell/result.ts'
import type { Shell } from '../shell/shell.ts'
import { ANYTHING, flowOf, isKnown, NOTHING, textOf, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { ALIASES } from './powershell-aliases.ts'
import { staticCall } from './powershell-dotnet.ts'
import { isBalanced } from './balance.ts'
import { pieces, statementsOf, type Token } from './powershell-tokens.ts'
import { valueOf, wordOf } from './powershell-values.ts'

export const POWERSHELL: Interpreter = { ...BASH, text: (text, shell) => runPowerShell(text, shell, shell.stdin) }

const KEYWORDS = new Set(['if', 'elseif', 'else', 'foreach', 'for', 'while', 'do', 'until', 'switch', 'try', 'catch', 'finally', 'begin', 'process', 'end', 'trap', 'param', 'in', 'data', 'filter', 'workflow'])

function runPowerShell(text: string, shell: Shell, stdin: Flow): Result {
  shell.scene.budget.bytes(text.length)
  if (shell.depth === 0 && shell.outerSpan === undefined && shell.scene.stages.length === 0 && !/@['"]/.test(text) && (!isBalanced(text, '`', '(){}') || text.split('<#').length > text.split('#>').length)) shell.does('unknown', 'unknown', { target: 'a part that breaks off', certainty: 'assumed' })
  if (/win32_shadowcopy/i.test(text) && /\.delete\(|remove-(wmiobject|ciminstance)/i.test(text)) shell.does('security.off', 'system', { target: 'the copies that files are brought back from' })
  let out: Flow = NOTHING
  for (const pipeline of statementsOf(text)) {
    const result = runPipeline(pipeline, shell, stdin)
    out = joined(out, result.out)
    if (result.isOver) return { ...result, out }
  }
  return { ...DONE, out }
}

function runPipeline(stages: readonly (readonly Token[])[], shell: Shell, stdin: Flow): Result {
  let flow = stdin
  let last: Result = DONE
  for (const stage of stages) {
    shell.scene.budget.step()
    const first = stage[0]
    const end = stage.at(-1)
    if (first === undefined || end === undefined) continue
    if (shell.outerSpan === undefined) shell.span = [first.at, end.end]
    last = runStage(stage, shell, flow)
    flow = last.out
  }
  return { ...last, out: flow }
}

function runStage(given: readonly Token[], shell: Shell, stdin: Flow): Result {
  const { tokens, target, isAppended } = withoutRedirect(given)
  const result = runTokens(tokens, shell, stdin)
  if (target === undefined) return result
  writeTo(wordOf(target, shell, evaluate).replace(/^\$null$/i, '/dev/null'), result.out, shell, isAppended)
  return { ...result, out: NOTHING }
}

function withoutRedirect(tokens: readonly Token[]): { tokens: readonly Token[]; target?: Token | undefined; isAppended: boolean } {
  const at = tokens.findIndex(({ kind, text }) => kind === 'word' && /^[*\d]?>>?$/.test(text))
  if (at < 0) return { tokens: tokens.filter(({ kind, text }) => kind !== 'word' || !/^[*\d]?>&\d$|^[*\d]>>?\$null$/.test(text)), isAppended: false }
  return { tokens: [...tokens.slice(0, at), ...tokens.slice(at + 2)], target: tokens[at + 1], isAppended: tokens[at]?.text.includes('>>') === true }
}

function runTokens(tokens: readonly Token[], shell: Shell, stdin: Flow): Result {
  const [first, ...rest] = tokens
  if (first === undefined) return DONE
  const assigned = assignment(tokens)
  if (assigned) {
    const { out } = runStage(assigned.value, shell, stdin)
    const path = /^env:(.*)$/i.exec(assigned.name)
    shell.variables.set(`$${assigned.name.toLowerCase()}`, textOf(out))
    if (path) shell.does('shell.state', 'none', { target: assigned.name })
    return DONE
  }
  const word = first.text.toLowerCase()
  if (first.kind === 'word' && (word === 'exit' || word === 'return' || word === 'throw')) return { ...(rest.length > 0 ? runTokens(rest, shell, stdin) : DONE), isOver: word === 'exit' }
  if (first.kind === 'word' && word === 'function') {
    const [name, ...body] = rest
    if (name !== undefined) shell.variables.set(`function ${name.text.toLowerCase()}`, body.find(({ kind }) => kind === 'block')?.text ?? '')
    return DONE
  }
  if (first.kind === 'word' && KEYWORDS.has(word)) return runBlocks(rest, shell, stdin)
  if (first.kind === 'word' && (first.text === '&' || first.text === '.')) return runCommand(rest, shell, stdin)
  if (first.kind === 'word' && /^\[[\w.\s,[\]]+\]/.test(first.text)) return printed(staticCall(pieces(tokens), shell, evaluate))
  if (first.kind !== 'word' || /^[$@(\d'"]/.test(first.text)) return runExpression(tokens, shell)
  return runCommand(tokens, shell, stdin)
}

/** `$x = …`, `$env:PATH += …`. */
function assignment(given: readonly Token[]): { name: string; value: readonly Token[] } | undefined {
  const [head] = given
  // `$p='C:\'` is one word.
  const tight = head?.kind === 'word' ? /^(\$\{?(?:env:|global:|script:)?\w+\}?)([-+*]?=)(?!=)(.*)$/is.exec(head.text) : null
  const tokens: readonly Token[] = tight && head ? [{ ...head, text: tight[1] ?? '' }, { ...head, text: tight[2] ?? '' }, ...(tight[3] === '' ? [] : [{ ...head, text: tight[3] ?? '' }]), ...given.slice(1)] : given
  const [variable, sign, ...value] = tokens
  const name = /^(?:\[\w+\])?\$\{?((?:env:|global:|script:)?\w+)\}?$/i.exec(variable?.text ?? '')?.[1]
  if (name !== undefined && sign?.kind === 'word' && /^[-+*]?=$/.test(sign.text) && value.length > 0) return { name, value }
  return undefined
}

/** A condition's parts and blocks are all taken: nobody knows which of them will run. */
function runBlocks(tokens: readonly Token[], shell: Shell, stdin: Flow): Result {
  let out: Flow = NOTHING
  const over = tokens.find(({ kind, text }) => kind === 'paren' && /^\s*\$\w+\s+in\s/i.test(text))
  const loop = /^\s*\$(\w+)\s+in\s+(.*)$/is.exec(over?.text ?? '')
  if (loop) shell.variables.set(`$${(loop[1] ?? '').toLowerCase()}`, textOf(evaluate(loop[2] ?? '', shell)))
  for (const { kind, text } of tokens) {
    if (kind === 'paren' && !loop) out = joined(out, { ...runPowerShell(text, shell.fork(), stdin).out, text: '' })
    else if (kind === 'block') out = joined(out, runPowerShell(text, shell, stdin).out)
  }
  return printed(out)
}

function runExpression(tokens: readonly Token[], shell: Shell): Result {
  // A value with a block behind it is a case of a switch.
  for (const { kind, text: block } of tokens.slice(1)) if (kind === 'block') runPowerShell(block, shell, UNKNOWN_FLOW)
  const text = pieces(tokens)
  // `(Get-ChildItem x).Delete()`, `$client.DownloadString(…)`, `(New-Object Net.WebClient).DownloadFile(…)`.
  const method = /\.(\w+)\s*\($|\.(\w+)\s*\(/.exec(text)?.[2]
  if (method !== undefined) return printed(staticCall(text, shell, evaluate))
  return printed(flowOf(valueOf(text, shell, evaluate)))
}

function runCommand(tokens: readonly Token[], shell: Shell, stdin: Flow): Result {
  const [head, ...rest] = tokens
  if (head === undefined) return DONE
  if (head.kind === 'block') return runPowerShell(head.text, shell.fork(), stdin)
  const written = wordOf(head, shell, evaluate)
  if (!isKnown(written)) {
    shell.does(written.includes('\uE002') ? 'exec.remote' : 'exec.unknown', 'unknown', { target: written })
    return DONE
  }
  const alias = shell.aliases.get(written.toLowerCase()) ?? written
  const name = ALIASES[alias.toLowerCase()] ?? alias
  const defined = shell.variables.get(`function ${name.toLowerCase()}`)
  if (typeof defined === 'string' && shell.depth < 6) return shell.run(defined)
  const words: string[] = []
  const blocks: string[] = []
  for (const token of rest) {
    if (token.kind === 'block') { blocks.push(token.text); words.push('{}') } else if (token.text === ',' ) continue
    else words.push(...wordOf(token, shell, evaluate).split('\u0000'))
  }
  if (name === 'set-location') { shell.cwd = shell.path(words.find((one) => !one.startsWith('-')) ?? shell.home); return DONE }
  if (name === 'write-output' || name === 'write-host') return printed(flowOf(`${words.join(' ')}\n`))
  if (name === 'set-alias' || name === 'new-alias') {
    const [from, to] = words.filter((one) => !/^-(name|value|scope|force|option)$/i.test(one))
    if (from !== undefined && to !== undefined) shell.aliases.set(from.toLowerCase(), to)
    return DONE
  }
  if (name === 'set-variable') { shell.variables.set(`$${(words.filter((one) => !one.startsWith('-'))[0] ?? '').toLowerCase()}`, words.filter((one) => !one.startsWith('-'))[1] ?? ANYTHING); return DONE }
  const inner = shell.fork()
  inner.variables.set('$_', stdin.paths?.[0] ?? textOf(stdin))
  let printedInside: Flow = NOTHING
  for (const block of blocks) printedInside = joined(printedInside, runPowerShell(block, inner, stdin).out)
  if (name === 'foreach-object' || name === 'where-object') return printed(name === 'where-object' ? stdin : printedInside)
  const out = carryOut({ name, words, stdin, shell })
  return printed(blocks.length > 0 ? joined(out, printedInside) : out)
}

/** A value in the middle of something: what `$(…)` and `(…)` give. */
function evaluate(text: string, shell: Shell): Flow {
  if (text.trim() === '') return NOTHING
  const fork = shell.inside()
  const { out } = runPowerShell(text, fork, UNKNOWN_FLOW)
  return out
}
