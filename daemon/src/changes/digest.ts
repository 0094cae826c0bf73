/** The name of a change set: what an approval says yes to. Flags are opinions and stay out of it. */
import { hash } from 'node:crypto'
import { canonicalJson } from '@nexus/protocol/canonical'
import type { Change } from '@nexus/protocol/changes'
import { comparePaths, pathOf } from './byte-path.ts'

export function digestOf(changes: readonly Change[]): string {
  const sorted = changes.map((change) => ({ key: pathOf(change.path), change })).sort((a, b) => comparePaths(a.key, b.key))
  return hash('sha256', canonicalJson(sorted.map(({ change: { path, kind, from, before, after } }) => ({ path, kind, from, before, after }))), 'hex')
}
