/** A shell as far as a judgement follows it: variables, directory, functions, aliases, files that it has written. */
import type { Function as FunctionNode } from 'unbash'
import type { Amount, Deed, Kind, Scope, Span } from '../effect.ts'
import { absolute, placeOf, type Place } from '../place.ts'
import { levelOf, reversibilityOf } from '../risk.ts'
import { BudgetOverrun, DEPTH_MAX, type Scene } from '../scene.ts'
import { ANYTHING, GLOB, NAME, readable, SECRET, UNKNOWN_FLOW, type Flow } from '../text.ts'
import type { Result } from './result.ts'
import { NO_SECRET_NAMES, SECRET_NAMES } from '../places-of-note.ts'

export type Value = string | readonly string[]
/** Whose machine the commands run on. */
export type Where = 'host' | 'container' | 'remote'

export interface Doing {
  readonly amount?: Amount | undefined
  readonly target?: string | undefined
  readonly note?: string | undefined
  readonly certainty?: Deed['certainty'] | undefined
}

const PATH_MAX = 4096
const OF_APPLICATIONS = /^\/(usr\/local|opt|srv|mnt|media|data|app|var\/www)(\/|$)/
/** On another machine it is no project of ours that changes. */
const OWN: ReadonlySet<Kind> = new Set<Kind>(['exec.project', 'vcs.local', 'vcs.lose', 'deps', 'container'])

export class Shell {
  readonly scene: Scene
  readonly variables: Map<string, Value>
  readonly functions: Map<string, FunctionNode>
  readonly aliases: Map<string, string>
  /** What is known of files that were written on the way. */
  readonly files: Map<string, Flow>
  /** Functions under way, innermost last. */
  readonly calling: readonly string[]
  cwd: string
  isRoot: boolean
  where: Where
  depth: number
  /** Offsets of an inner script mean nothing outside: its effects have the span of the word that holds it. */
  outerSpan: Span | undefined
  span: Span = [0, 0]
  program = ''
  positional: readonly string[] | undefined
  /** What the current stage reads. */
  stdin: Flow = UNKNOWN_FLOW

  constructor(from: Pick<Shell, 'scene' | 'cwd'> & Partial<Shell>) {
    this.scene = from.scene
    this.cwd = from.cwd
    this.variables = new Map(from.variables)
    this.functions = new Map(from.functions)
    this.aliases = new Map(from.aliases)
    this.files = from.files ?? new Map<string, Flow>()
    this.calling = from.calling ?? []
    this.isRoot = from.isRoot ?? false
    this.where = from.where ?? 'host'
    this.depth = from.depth ?? 0
    this.outerSpan = from.outerSpan
    this.span = from.span ?? [0, 0]
    this.program = from.program ?? ''
    this.positional = from.positional
    this.stdin = from.stdin ?? UNKNOWN_FLOW
  }

  /** A child: what it does to itself, we do not see; what it does to the world, we do. */
  fork(change: Partial<Shell> = {}): Shell {
    return new Shell(Object.assign(Object.create(null) as object, this, change) as Shell)
  }

  /** A shell inside: one deeper, its effects belong to the present span. */
  inside(change: Partial<Shell> = {}): Shell {
    if (this.depth + 1 > DEPTH_MAX) throw new BudgetOverrun('nested too deeply')
    return this.fork({ depth: this.depth + 1, outerSpan: this.outerSpan ?? this.span, ...change })
  }

  /** A shell inside runs this text. */
  run(text: string, change: Partial<Shell> = {}): Result {
    const inner = this.inside(change)
    // Another shell may be asked for: it reads the text.
    return inner.scene.interpreter.text(text, inner)
  }

  get home(): string {
    return this.scene.ground.home
  }

  variable(name: string): Value | undefined {
    const own = this.variables.get(name)
    if (own !== undefined) return own
    switch (name) {
      case 'HOME': return this.home
      case 'PWD': return this.cwd
      case 'IFS': return ' \t\n'
      case 'TMPDIR': return '/tmp'
      case 'SHELL': return '/bin/bash'
      case 'USER': case 'LOGNAME': case 'HOSTNAME': case 'RANDOM': case 'SECONDS': case 'EPOCHSECONDS': case 'UID': case 'EUID': case 'LINENO': case '?': case '$': case '!': case 'PPID': case 'BASHPID': case '#': case 'OSTYPE': case 'SHLVL': return NAME
      case '0': return 'bash'
      case '-': return ''
      default:
        if (!SECRET_NAMES.test(name) || NO_SECRET_NAMES.test(name)) return undefined
        this.scene.secretNames.add(name)
        return SECRET
    }
  }

  /** Printed, it is names and values as everybody sees them daily, but for credentials that this line has put there. */
  environment(): Flow {
    return { ...UNKNOWN_FLOW, isSecret: true, isEnvironment: !this.variables.has(SECRET) }
  }

  path(text: string): string {
    // No system has longer ones.
    if (text.length > PATH_MAX) return ANYTHING
    return absolute(text, this.cwd, this.home)
  }

  place(text: string): Place {
    return placeOf(this.path(text), this.scene.ground)
  }

  /** Something that is done to a path. */
  touch(kind: Kind, text: string, doing: Doing = {}): void {
    const place = this.place(text)
    if (place.scope === 'none') return
    // Places of applications: their rights, and their data on another machine, are bounded.
    const isBounded = OF_APPLICATIONS.test(place.path) && (kind === 'fs.perm' || this.where === 'remote')
    const amount = isBounded ? 'many' : place.isWhole && doing.amount !== 'one' ? 'all' : doing.amount === 'many' || text.includes(GLOB) ? 'many' : (doing.amount ?? 'one')
    const scope = this.#seenFrom(place)
    this.does(scope === 'device' && kind === 'fs.write' ? 'device' : kind, scope, { ...doing, amount: scope === 'device' ? 'many' : amount, target: doing.target ?? place.path })
  }

  /** Elsewhere there is no project of ours: what is not a scratch folder or a vital part is simply there. */
  #seenFrom({ path, scope, isWhole }: Place): Scope {
    if (this.where === 'host' || scope === 'unknown') return scope
    if (this.where === 'container') return 'container'
    if (scope === 'system' && OF_APPLICATIONS.test(path)) return 'remote'
    return scope === 'temp' || scope === 'build' ? 'unknown' : scope === 'project' || scope === 'sibling' ? 'remote' : isWhole || scope === 'vital' || scope === 'device' || scope === 'audit' || scope === 'startup' ? scope : 'remote'
  }

  does(given: Kind, place: Scope, { amount = 'one', target = '', note, certainty = 'certain' }: Doing = {}): void {
    this.scene.budget.step()
    const isElsewhere = this.where === 'remote' && OWN.has(given)
    const [kind, scope]: [Kind, Scope] = isElsewhere ? ['remote.write', 'remote'] : [given, place]
    const deed: Deed = { kind, scope, amount, target: readable(target), certainty: target.includes(ANYTHING) ? 'assumed' : certainty, note }
    this.scene.effects.push({ ...deed, level: levelOf(deed), reversibility: reversibilityOf(deed), program: this.program, span: this.outerSpan ?? this.span })
  }

  /** What was destroyed since then, one by one, was done to each of a whole list. */
  raiseToAll(since: number): void {
    const { effects } = this.scene
    for (const [at, effect] of effects.entries()) {
      if (at < since || effect.kind !== 'remote.destroy' || effect.amount !== 'one') continue
      const deed: Deed = { ...effect, amount: 'all', note: 'deletes each one that the list names, whatever they are' }
      effects[at] = { ...effect, ...deed, level: levelOf(deed) }
    }
  }

  stage(words: readonly string[], what: string): void {
    if (this.scene.stages.length < 200) this.scene.stages.push({ span: this.outerSpan ?? this.span, words: words.map(readable), what, depth: this.depth })
  }
}
