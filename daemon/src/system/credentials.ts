/** Credentials that Nexus keeps, as clients see them: names that come and go in the log, values that never come out. */
import type { KeptSecret, SecretsService } from '@nexus/protocol/secrets'
import type { Actor } from '@nexus/protocol/trpc'
import type { KeptSecrets } from '../secrets/kept.ts'
import type { State } from '../state/state.ts'

export interface CredentialsParts {
  readonly kept: KeptSecrets
  readonly state: Pick<State, 'record'>
  readonly nameOf: (actor: Actor) => string
}

export class Credentials implements SecretsService {
  readonly #parts: CredentialsParts

  constructor(parts: CredentialsParts) {
    this.#parts = parts
  }

  list(): KeptSecret[] {
    return this.#parts.kept.list()
  }

  set({ name, value }: { readonly name: string; readonly value: string }, actor: Actor): KeptSecret {
    const secret = this.#parts.kept.set(name, value)
    this.#parts.state.record({ type: 'secret.kept', actor: this.#parts.nameOf(actor), subject: name, payload: {} })
    return secret
  }

  remove(name: string, actor: Actor): void {
    this.#parts.kept.remove(name)
    this.#parts.state.record({ type: 'secret.removed', actor: this.#parts.nameOf(actor), subject: name, payload: {} })
  }
}
