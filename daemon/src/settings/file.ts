/** A settings file on the disk, read again whenever it changed. While it cannot be used, what it said before stays. */
import { readFileSync, realpathSync, statSync, type BigIntStats } from 'node:fs'
import type { Fault, SettingsFile } from '@nexus/protocol/settings'
import { isInside } from '../base/project.ts'
import { parseSettings } from './document.ts'

export interface Reading {
  readonly found: boolean
  readonly settings: SettingsFile
  readonly faults: readonly Fault[]
}

const ABSENT: Reading = { found: false, settings: {}, faults: [] }
/** Nobody writes that much by hand, and the time of a parser may grow with the square of it. */
const MAX_BYTES = 64n * 1024n

export class SettingsOnDisk {
  readonly path: string
  readonly #within: string | undefined
  #seen: string | null = null
  #reading = ABSENT

  /** `within`: a link that leads out of this folder is not followed, since what is wrong with a file is told with its own words. */
  constructor(path: string, within?: string) {
    this.path = path
    this.#within = within
  }

  read(): Reading {
    let stat: BigIntStats
    try {
      stat = statSync(this.path, { bigint: true })
    } catch (error) {
      this.#seen = null
      this.#reading = isAbsence(error) ? ABSENT : this.#unusable(error)
      return this.#reading
    }
    const now = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`
    if (now !== this.#seen) this.#reading = this.#fresh(stat)
    this.#seen = now
    return this.#reading
  }

  #fresh(stat: BigIntStats): Reading {
    if (!stat.isFile()) return this.#unusable('is not a file')
    if (stat.size > MAX_BYTES) return this.#unusable('is longer than 64 KiB')
    try {
      if (this.#within !== undefined && !isInside(realpathSync(this.path), realpathSync(this.#within))) return this.#unusable('is a link that leads out of the project')
      const parsed = parseSettings(readFileSync(this.path, 'utf8'))
      if ('settings' in parsed) return { found: true, settings: parsed.settings, faults: [] }
      return { found: true, settings: this.#reading.settings, faults: parsed.faults.map((fault) => ({ path: this.path, ...fault })) }
    } catch (error) {
      return this.#unusable(error)
    }
  }

  #unusable(cause: unknown): Reading {
    return { found: true, settings: this.#reading.settings, faults: [{ path: this.path, line: 1, column: 1, what: cause instanceof Error ? cause.message : String(cause) }] }
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
