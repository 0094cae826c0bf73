/** The models by the names of their programs, their rules compiled when they are first needed. */
import type { Model } from './model.ts'
import { compile, type Compiled } from './rule.ts'

export interface Ready {
  readonly model: Model
  readonly values: ReadonlySet<string>
  readonly rules: Compiled
  /** Longest first is the caller's business: keys are phrases of one to three words. */
  readonly subs: ReadonlyMap<string, Compiled>
}

export class Models {
  readonly #models = new Map<string, Model>()
  readonly #ready = new Map<Model, Ready>()
  readonly names: readonly string[]

  constructor(all: readonly Model[]) {
    for (const model of all) for (const name of model.names.split(' ')) this.#models.set(name, model)
    this.names = [...this.#models.keys()]
  }

  find(name: string): Ready | undefined {
    const model = this.#models.get(name) ?? this.#models.get(name.toLowerCase()) ?? this.#models.get(name.replace(/(?<=[a-z+])-?\d+(\.\d+)*$/, '')) ?? this.#models.get(/^(mkfs|fsck)\./.exec(name)?.[1] ?? '')
    return model === undefined ? undefined : this.ready(model)
  }

  ready(model: Model): Ready {
    const known = this.#ready.get(model)
    if (known) return known
    const subs = new Map<string, Compiled>()
    for (const [phrases, rules] of Object.entries(model.subs ?? {})) {
      const compiled = compile(rules)
      for (const phrase of phrases.split('|')) subs.set(phrase, compiled)
    }
    const made = { model, values: new Set(model.values?.split(' ')), rules: compile(model.rules), subs }
    this.#ready.set(model, made)
    return made
  }
}
