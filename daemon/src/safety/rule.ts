/** The language of the models (see model.ts), compiled once into functions. */
import { contentOf, has, valuesOf, type Call, type Flags } from './call.ts'
import { KINDS, type Amount, type Kind, type Scope } from './effect.ts'
import { holdsSecret } from './place.ts'
import type { Rules } from './model.ts'
import type { Flow } from './text.ts'
import { ANYTHING, isDownloaded, UNKNOWN_FLOW } from './text.ts'

export type Rule = (call: Call) => 'stop' | Flow | undefined
export interface Compiled {
  readonly values: readonly string[]
  readonly rules: readonly Rule[]
}

interface OnPath { readonly kind: Kind; readonly amount?: Amount }
const ON_PATHS: Readonly<Record<string, OnPath>> = {
  'read': { kind: 'fs.read' }, 'write': { kind: 'fs.write', amount: 'one' }, 'write-tree': { kind: 'fs.write', amount: 'many' }, 'delete': { kind: 'fs.delete' }, 'delete-tree': { kind: 'fs.delete', amount: 'many' },
  'perm': { kind: 'fs.perm', amount: 'one' }, 'perm-tree': { kind: 'fs.perm', amount: 'many' },
}

interface Plain { readonly kind: Kind; readonly scope: Scope; readonly amount?: Amount }
/** Words for what is done most. */
export const VERBS: Readonly<Record<string, Plain>> = {
  'look': { kind: 'remote.read', scope: 'none' }, 'make': { kind: 'fs.write', scope: 'build' }, 'change': { kind: 'fs.write', scope: 'project' }, 'commit': { kind: 'vcs.local', scope: 'vcs' }, 'lose': { kind: 'vcs.lose', scope: 'project', amount: 'many' },
  'history': { kind: 'vcs.history', scope: 'vcs', amount: 'all' }, 'deps': { kind: 'deps', scope: 'build' }, 'install': { kind: 'install', scope: 'system' }, 'config': { kind: 'config', scope: 'home' }, 'config-project': { kind: 'config', scope: 'project' },
  'config-system': { kind: 'config', scope: 'system' }, 'add': { kind: 'remote.add', scope: 'remote' }, 'update': { kind: 'remote.write', scope: 'remote' }, 'update-all': { kind: 'remote.write', scope: 'remote', amount: 'all' }, 'destroy': { kind: 'remote.destroy', scope: 'remote' },
  'destroy-many': { kind: 'remote.destroy', scope: 'remote', amount: 'many' }, 'destroy-all': { kind: 'remote.destroy', scope: 'remote', amount: 'all' }, 'publish': { kind: 'publish', scope: 'remote' }, 'run': { kind: 'exec.project', scope: 'project' },
  'run-remote': { kind: 'exec.remote', scope: 'remote' }, 'unknown': { kind: 'exec.unknown', scope: 'unknown' }, 'restart': { kind: 'service', scope: 'system' }, 'power': { kind: 'power', scope: 'system' }, 'persist': { kind: 'persistence', scope: 'startup' },
  'backdoor': { kind: 'backdoor', scope: 'system' }, 'security-off': { kind: 'security.off', scope: 'system' }, 'audit-off': { kind: 'audit.off', scope: 'audit' }, 'escape': { kind: 'container.escape', scope: 'system' }, 'privilege': { kind: 'privilege', scope: 'system' },
  'listen': { kind: 'net.listen', scope: 'none' }, 'listen-wide': { kind: 'net.listen', scope: 'remote' }, 'send': { kind: 'net.out', scope: 'remote' }, 'container': { kind: 'container', scope: 'container' }, 'lose-container-data': { kind: 'remote.destroy', scope: 'remote' },
  'kill-one': { kind: 'proc.kill', scope: 'none' }, 'kill': { kind: 'proc.kill', scope: 'system', amount: 'many' }, 'shell-state': { kind: 'shell.state', scope: 'none' }, 'device': { kind: 'device', scope: 'device', amount: 'many' }, 'device-read': { kind: 'device', scope: 'device', amount: 'one' }, 'mount': { kind: 'fs.mount', scope: 'system' },
  'wreck': { kind: 'fs.delete', scope: 'system', amount: 'all' }, 'secret-send': { kind: 'secret.send', scope: 'remote' },
}

export function compile(rules: Rules | undefined): Compiled {
  const lines = rules === undefined ? [] : typeof rules === 'string' ? rules.split(';').map((line) => line.trim()) : rules
  return {
    values: lines.filter((line) => line.startsWith('values ')).flatMap((line) => line.split(/\s+/).slice(1)),
    rules: lines.filter((line) => !line.startsWith('values ')).map(compileLine),
  }
}

function compileLine(line: string): Rule {
  const [, before = line, note] = /^(.*?)(?:\s+#\s+(.*))?$/s.exec(line) ?? []
  const [deed = '', condition] = before.split(/\s+if\s+/)
  const [verb = '', ...targets] = deed.trim().split(/\s+/)
  const holds = conditionOf(condition)
  // Where it only looks, nothing that follows is meant.
  if (verb === 'stop' || (verb === 'look' && condition !== undefined)) return (call) => (holds(call) ? 'stop' : undefined)
  if (verb === 'secret') return (call) => (holds(call) ? { ...UNKNOWN_FLOW, isSecret: true, origin: { target: note ?? 'a credential', program: call.name, span: call.shell.outerSpan ?? call.shell.span } } : undefined)
  const onPath = ON_PATHS[verb]
  if (onPath?.kind === 'fs.read') return (call) => (holds(call) ? contentOf(pathsOf(targets, call), call) : undefined)
  if (onPath) {
    return (call) => {
      if (holds(call)) for (const path of pathsOf(targets, call)) call.shell.touch(onPath.kind, path, { amount: onPath.amount, note })
      return undefined
    }
  }
  const plain = plainOf(verb, targets)
  return (call) => {
    if (holds(call)) call.shell.does(plain.kind, seenIn(plain, call), { amount: plain.amount, target: call.operands.slice(0, 4).join(' '), note })
    return undefined
  }
}

/** A verb of the table, or `KIND SCOPE[.AMOUNT]`, where none says it. */
function plainOf(kind: string, [place]: readonly string[]): Plain {
  const verb = VERBS[kind]
  if (verb !== undefined && place === undefined) return verb
  const known = verb !== undefined && kind !== 'unknown' ? verb.kind : KINDS.find((one) => one === kind)
  if (known === undefined) throw new Error(`a model uses the word "${kind}", which no rule knows`)
  const [scope, amount] = (place ?? 'none').split('.')
  // The tests run every rule: a scope that is none shows there as a level nobody expects.
  return { kind: known, scope: scope as Scope, ...(amount === undefined ? {} : { amount: amount as Amount }) }
}

/** Inside a container the project's files and settings are the container's. */
function seenIn({ scope }: Plain, { shell }: Call): Scope {
  return shell.where === 'container' && (scope === 'project' || scope === 'home' || scope === 'system') ? 'container' : scope
}

function pathsOf(targets: readonly string[], { operands, flags }: Call): string[] {
  return targets.flatMap((target) => {
    switch (target) {
      case '@': return [...operands]
      case 'first': return operands.slice(0, 1)
      case 'last': return operands.slice(-1)
      case 'init': return operands.slice(0, -1)
      case 'rest': return operands.slice(1)
      case '.': return ['.']
      default: return target.startsWith('=') ? [target.slice(1)] : valuesOf(flags, ...target.split('|'))
    }
  })
}

type Condition = (call: Call) => boolean

function conditionOf(text: string | undefined): Condition {
  if (text === undefined) return () => true
  const parts = (text.match(/!?\/(?:\\.|[^/\\])+\/(?=\s|$)|\S+/g) ?? []).map((token) => {
    const isNot = token.startsWith('!')
    const one = isNot ? token.slice(1) : token
    const test = one.startsWith('/') && one.length > 2 && one.endsWith('/') ? single(one) : anyOf(alternatives(one).map(single))
    return (call: Call) => test(call) !== isNot
  })
  return (call) => parts.every((part) => part(call))
}

/** Cut at `|` outside of parentheses: a value's pattern may have some of its own. */
function alternatives(text: string): string[] {
  const found = ['']
  let depth = 0
  for (const character of text) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (character === '|' && depth === 0) found.push('')
    else found[found.length - 1] += character
  }
  return found
}

const anyOf = (tests: readonly Condition[]): Condition => (call) => tests.some((test) => test(call))

function single(token: string): Condition {
  if (token === 'none') return ({ operands }) => operands.length === 0
  if (token === 'some') return ({ operands }) => operands.length > 0
  if (token === 'secret') return ({ operands }) => operands.some((operand) => holdsSecret(operand.split(':').at(-1) ?? ''))
  if (token === 'downloaded') return ({ operands, shell }) => operands.some((operand) => isDownloaded(operand) || shell.files.get(shell.path(operand))?.isDownloaded === true)
  if (token === 'bare') return ({ words }) => words.length === 0
  const place = /^(first|last)~(.*)$/.exec(token)
  if (place) {
    const pattern = new RegExp(place[2] ?? '', 'i')
    return ({ operands }) => pattern.test((place[1] === 'first' ? operands[0] : operands.at(-1)) ?? '')
  }
  if (token === 'root') return ({ shell }) => shell.isRoot
  if (token === 'piped') return ({ stdin }) => stdin !== UNKNOWN_FLOW
  if (token === 'unknown') return ({ operands }) => operands.some((operand) => operand.includes(ANYTHING))
  if (/^\/[a-z?:]+$/.test(token)) return ({ flags }) => flags.has(token)
  if (token.startsWith('/')) {
    const pattern = new RegExp(token.slice(1, -1), 'i')
    return ({ operands }) => operands.some((operand) => pattern.test(operand))
  }
  if (token.startsWith('=')) return ({ operands }) => operands.includes(token.slice(1))
  const [, flag = '', sign, wanted = ''] = /^(-[^=~]+)(?:([=~])(.*))?$/s.exec(token) ?? []
  if (flag === '') throw new Error(`"${token}" is no condition`)
  if (sign === '~') {
    const pattern = new RegExp(wanted, 'i')
    return ({ flags }) => valuesOf(flags, flag).some((value) => pattern.test(value))
  }
  if (sign === '=') return ({ flags }) => valuesOf(flags, flag).includes(wanted)
  return ({ flags, model }) => (model.style === 'pwsh' ? begins(flags, flag) : has(flags, flag))
}

/** PowerShell takes any unambiguous beginning of a parameter's name. */
function begins(flags: Flags, name: string): boolean {
  for (const flag of flags.keys()) if (flag.length >= 2 && name.startsWith(flag)) return true
  return false
}
