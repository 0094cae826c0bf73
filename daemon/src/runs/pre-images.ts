/** The pre-images that are kept, by run: `<state>/backups/<run>`. Their size is measured once: they never grow. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beyond, type RetentionRules } from './expiry.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { sizeOf } from './size.ts'

export interface KeptPreImages {
  readonly run: string
  readonly bytes: number
  readonly movedAt: number
  /** They do not fit beside the younger ones. */
  readonly tooMany: boolean
}

export class PreImages {
  readonly #folder: string
  readonly #ledger: Ledger
  readonly #rules: RetentionRules
  readonly #measured = new Map<string, { readonly movedAt: number; readonly bytes: number }>()

  constructor(state: string, ledger: Ledger, rules: RetentionRules) {
    this.#folder = join(state, 'backups')
    this.#ledger = ledger
    this.#rules = rules
  }

  /** Those a rollback could still use. */
  async kept(): Promise<KeptPreImages[]> {
    const found: { run: string; bytes: number; movedAt: number }[] = []
    const rows = this.#ledger.findAll(existsSync(this.#folder) ? readdirSync(this.#folder) : [])
    for (const row of rows.values()) {
      if (row.status === 'applied' && row.preImagesGoneAt === null) found.push({ run: row.id, bytes: await this.#bytesOf(row), movedAt: row.movedAt })
    }
    for (const run of this.#measured.keys()) if (!rows.has(run)) this.#measured.delete(run)
    const tooMany = beyond(found, this.#rules)
    return found.map((entry) => ({ ...entry, tooMany: tooMany.has(entry) }))
  }

  async #bytesOf({ id, movedAt }: RunRow): Promise<number> {
    const before = this.#measured.get(id)
    // A second apply of the same run adds to them.
    if (before?.movedAt === movedAt) return before.bytes
    const bytes = await sizeOf(join(this.#folder, id))
    this.#measured.set(id, { movedAt, bytes })
    return bytes
  }
}
