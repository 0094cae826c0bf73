/**
 * Credentials that a person has given to Nexus to keep: one file in its state folder, of mode 0600, which no run ever sees.
 * They are not encrypted: who can read that file as this user, or is root, has them.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import { storedSecretsSchema, type KeptSecret, type StoredSecrets } from '@nexus/protocol/secrets'
import type { KnownSecret } from './redactor.ts'

export class KeptSecrets {
  readonly #path: string
  readonly #now: () => number
  #stored: StoredSecrets | undefined

  constructor(state: string, now: () => number) {
    this.#path = join(state, 'secrets.json')
    this.#now = now
  }

  list(): KeptSecret[] {
    return Object.entries(this.#all()).map(([name, { setAt }]) => ({ name, setAt })).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** For whoever takes secrets out of what is kept or shown. */
  known(): KnownSecret[] {
    return Object.entries(this.#all()).map(([name, { value }]) => ({ name, value }))
  }

  /** Throws Problem `no-secret`. */
  value(name: string): string {
    const all = this.#all()
    const found = Object.hasOwn(all, name) ? all[name] : undefined
    if (!found) throw new Problem('no-secret', { name })
    return found.value
  }

  set(name: string, value: string): KeptSecret {
    const setAt = this.#now()
    this.#write({ ...this.#all(), [name]: { value, setAt } })
    return { name, setAt }
  }

  /** Throws Problem `no-secret`. */
  remove(name: string): void {
    this.value(name)
    const { [name]: _, ...rest } = this.#all()
    this.#write(rest)
  }

  #all(): StoredSecrets {
    this.#stored ??= this.#read()
    return this.#stored
  }

  #read(): StoredSecrets {
    try {
      return storedSecretsSchema.parse(JSON.parse(fs.readFileSync(this.#path, 'utf8')))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
      throw new Problem('io', { what: 'the secrets that Nexus keeps cannot be read', cause: error instanceof Error ? error.message : String(error), fix: `look at ${this.#path}, or remove it and set them again` }, { cause: error })
    }
  }

  /** Old or new after a crash, never half; at no moment readable for others. */
  #write(stored: StoredSecrets): void {
    const partial = `${this.#path}.new`
    fs.rmSync(partial, { force: true })
    const descriptor = fs.openSync(partial, 'wx', 0o600)
    try {
      fs.writeFileSync(descriptor, JSON.stringify(stored))
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
    fs.renameSync(partial, this.#path)
    this.#stored = stored
  }
}
