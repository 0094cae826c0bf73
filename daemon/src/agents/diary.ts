/** Where an agent writes down its work, as a thing that can be read afterwards. What stands there is the agent's word, not ours. */
import type { Entry, Spent } from '@nexus/protocol/transcripts'

/** Whose work, and when: an agent keeps one home for all projects and all times. */
export interface Scope {
  readonly project: string
  readonly cwd: string
  /** Milliseconds. */
  readonly since: number
  readonly until: number
}

export interface Notes {
  readonly entries: readonly Entry[]
  readonly spent?: Spent
}

export interface Diary {
  readonly read: (home: string, scope: Scope) => Notes
  /** What it printed may say what its files do not: the price. */
  readonly printed?: (text: string) => Spent | undefined
}

export function isWithin({ since, until }: Scope, at: number | undefined): boolean {
  return at !== undefined && at >= since && at <= until
}

/** Is that folder, by the agent's own word, the project or a part of it? */
export function isOf({ project }: Scope, folder: string): boolean {
  return folder === project || folder.startsWith(`${project}/`)
}
