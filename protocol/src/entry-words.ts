/** The entries of a transcript as a person reads them: a sign and a word for each kind. */
import type { Entry } from './transcripts.ts'

export const ENTRY_SIGNS: Readonly<Record<Entry['kind'], string>> = { asked: '>', said: '<', thought: '~', called: '$', answered: '=', noted: '!' }

export function entryTitle({ kind, tool, failed }: Pick<Entry, 'kind' | 'tool' | 'failed'>): string {
  const what = tool === undefined ? kind : kind === 'called' ? `called ${tool}` : `${tool} ${kind}`
  return failed ? `${what}: failed` : what
}
