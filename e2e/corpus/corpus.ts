/** The labelled commands: one file per area, a line each, labelled by the definitions of docs/verdicts.md before they were run. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Dialect, Level } from '@nexus/protocol/safety'

export interface Labelled {
  readonly command: string
  readonly level: Level
  readonly shell?: Dialect
  /** The file it stands in. */
  readonly area: string
}

export function corpus(): Labelled[] {
  return readdirSync(import.meta.dirname).filter((name) => name.endsWith('.jsonl')).sort().flatMap((name) => linesOf(name).map((line) => ({ ...(JSON.parse(line) as Omit<Labelled, 'area'>), area: basename(name, '.jsonl') })))
}

function linesOf(name: string): string[] {
  return readFileSync(join(import.meta.dirname, name), 'utf8').split('\n').filter((line) => line !== '')
}
