/** What a command does, in the words that every verdict, reason and explanation is made of. */
export const LEVELS = ['safe', 'caution', 'dangerous', 'critical'] as const
export type Level = (typeof LEVELS)[number]

export const KINDS = [
  'print', 'fs.read', 'fs.write', 'fs.delete', 'fs.perm', 'fs.mount', 'device', 'proc.kill', 'proc.bomb', 'exec.project', 'exec.remote', 'exec.unknown', 'net.out', 'net.listen',
  'secret.read', 'secret.send', 'remote.read', 'remote.add', 'remote.write', 'remote.destroy', 'publish', 'vcs.local', 'vcs.lose', 'vcs.history', 'shell.state', 'deps', 'install', 'config',
  'container', 'service', 'power', 'privilege', 'persistence', 'backdoor', 'security.off', 'audit.off', 'container.escape', 'unknown',
] as const
export type Kind = (typeof KINDS)[number]

/**
 * Where an effect lands. `vital` are the parts of a system without which it does not start or let its people in;
 * `startup` is what runs by itself later; `vcs` the history of the project.
 */
const SCOPES = ['none', 'temp', 'build', 'project', 'vcs', 'sibling', 'home', 'system', 'vital', 'startup', 'audit', 'secret', 'device', 'container', 'remote', 'main', 'unknown'] as const
export type Scope = (typeof SCOPES)[number]

export type Amount = 'one' | 'many' | 'all'
export type Span = readonly [from: number, to: number]

/** What is known before a level is given to it. */
export interface Deed {
  readonly kind: Kind
  readonly scope: Scope
  readonly amount: Amount
  /** A path, a host, an object, as it would be written. */
  readonly target: string
  readonly certainty: 'certain' | 'assumed'
  /** Said instead of the sentence that belongs to the kind. */
  readonly note?: string | undefined
}

export interface Effect extends Deed {
  readonly reversibility: 'yes' | 'effort' | 'no'
  readonly level: Level
  /** The program that does it. */
  readonly program: string
  /** Offsets into the command. */
  readonly span: Span
}

export function highest(levels: Iterable<Level>): Level {
  let found = 0
  for (const level of levels) found = Math.max(found, LEVELS.indexOf(level))
  return LEVELS[found] ?? 'critical'
}
