/** What one judgement shares, whatever shell inside it is running: the ground, the effects found so far, the budget. */
import type { parse } from 'unbash'
import type { Effect, Span } from './effect.ts'
import type { Ground } from './place.ts'
import type { Models } from './models.ts'
import type { AnyNode } from './shell/interpret.ts'
import type { Result } from './shell/result.ts'
import type { Shell } from './shell/shell.ts'
import type { Flow } from './text.ts'

/** One command as it would be started, for the explanation. */
export interface Stage {
  readonly span: Span
  readonly words: readonly string[]
  /** What its program is for, in a few words. */
  readonly what: string
  /** How deep: 0 stands in the line itself, 1 inside `sh -c`, `eval` and the like. */
  readonly depth: number
}

/** Runs shell text, or a part of it, in a shell; handed in, because programs run shells and shells run programs. */
export interface Interpreter {
  text(text: string, shell: Shell): Result
  script(script: string | ReturnType<typeof parse>, shell: Shell): Result
  node(node: AnyNode, shell: Shell, stdin: Flow): Result
}

export interface Scene {
  readonly interpreter: Interpreter
  readonly ground: Ground
  readonly models: Models
  readonly effects: Effect[]
  readonly stages: Stage[]
  readonly budget: Budget
  /** Variables with a credential in them that the line has named so far. */
  readonly secretNames: Set<string>
}

/** Thrown when judging takes more than it may; the verdict is raised, never lowered. */
export class BudgetOverrun extends Error {}

const STEPS_MAX = 3000
export const BYTES_MAX = 64 * 1024
/** Shells inside shells, payloads inside payloads. */
export const DEPTH_MAX = 12

export class Budget {
  #steps = STEPS_MAX
  #bytes = 4 * BYTES_MAX

  step(count = 1): void {
    this.#steps -= count
    if (this.#steps < 0) throw new BudgetOverrun('too many steps')
  }

  /** What must still be said after an overrun. */
  spare(): void {
    this.#steps = 10
  }

  bytes(count: number): void {
    this.#bytes -= count
    if (this.#bytes < 0) throw new BudgetOverrun('too much text')
  }
}
