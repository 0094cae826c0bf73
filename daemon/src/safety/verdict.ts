/** What a command line would do, and how much of that matters: no file is looked at, nothing is run. */
import { highest, type Effect, type Level } from './effect.ts'
import { Budget, BudgetOverrun, BYTES_MAX, type Scene, type Stage } from './scene.ts'
import { dialectOf, interpreterFor, type Dialect } from './dialects/index.ts'
import type { Models } from './models.ts'
import { reasonsOf } from './reasons.ts'
import { Shell } from './shell/shell.ts'
import { UNKNOWN_FLOW, withoutMarks } from './text.ts'

export interface Question {
  readonly command: string
  readonly shell?: Dialect | undefined
  readonly cwd?: string | undefined
  readonly project?: string | undefined
  readonly home?: string | undefined
}

export interface Verdict {
  readonly level: Level
  readonly effects: readonly Effect[]
  /** In words, the deciding ones first. */
  readonly reasons: readonly string[]
  readonly stages: readonly Stage[]
  readonly dialect: Dialect
}

/** A home and a project that stand for any, where the caller says none. */
const HOME = '/home/user'
const PROJECT = '/home/user/work/project'

export function verdictOf(question: Question, models: Models): Verdict {
  const command = withoutMarks(question.command.replace(/^\uFEFF/, ''))
  const cwd = absoluteOr(question.cwd, absoluteOr(question.project, PROJECT))
  const home = absoluteOr(question.home, /^(\/(home|Users)\/[^/]+|\/root)(?=\/|$)/.exec(cwd)?.[0] ?? HOME)
  const project = absoluteOr(question.project, projectAt(cwd, home))
  const dialect = question.shell ?? dialectOf(command)
  const scene: Scene = { interpreter: interpreterFor(dialect), ground: { home, project }, models, effects: [], stages: [], budget: new Budget(), secretNames: new Set() }
  judge(command, scene, new Shell({ scene, cwd, stdin: UNKNOWN_FLOW }))
  const effects = told(scene.effects)
  return { level: highest(effects.map(({ level }) => level)), effects, reasons: reasonsOf(effects), stages: scene.stages, dialect }
}

/** Control characters, and those that make a line look like another one. */
const HIDING = /[\0-\x08\x0B\x0E-\x1A\x1C-\x1F\x7F\u202A-\u202E\u2066-\u2069\uFFFD]/

function judge(command: string, scene: Scene, shell: Shell): void {
  if (command.length > BYTES_MAX) {
    shell.does('unknown', 'unknown', { target: 'the command', note: 'is longer than 64 KB: nobody reads that' })
    return
  }
  if (HIDING.test(command)) shell.does('unknown', 'unknown', { target: 'the command', note: 'holds characters that hide what it says' })
  try {
    const { out } = scene.interpreter.text(command, shell)
    if (!out.isSecret || out.isEnvironment === true) return
    shell.program = out.origin?.program ?? shell.program
    shell.outerSpan = out.origin?.span ?? [0, command.length]
    shell.does('secret.read', 'secret', { target: out.origin?.target ?? 'a secret value' })
  } catch (error) {
    // Deep nesting may meet the engine's own stack before our budget: the answer is the same, somebody must look.
    if (!(error instanceof BudgetOverrun) && !(error instanceof RangeError)) throw error
    scene.budget.spare()
    shell.outerSpan = [0, command.length]
    shell.does('unknown', 'unknown', { target: 'the command', note: 'takes more to understand than is allowed' })
  }
}

/** Each thing once; what only prints is no news. */
function told(effects: readonly Effect[]): Effect[] {
  const seen = new Set<string>()
  return effects.filter(({ kind, scope, amount, target, note, level }) => {
    const key = `${kind} ${scope} ${amount} ${target} ${note ?? ''} ${level}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** Where nobody says what the project is: the directory itself, unless that is a home or the root. */
function projectAt(cwd: string, home: string): string {
  return cwd === '/' || cwd === home || home.startsWith(`${cwd}/`) ? `${home}/work/project` : cwd
}

function absoluteOr(path: string | undefined, other: string): string {
  return path !== undefined && path.startsWith('/') ? path.replace(/(.)\/+$/, '$1') : other
}
