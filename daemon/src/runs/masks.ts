/** Files like .env, empty inside where the settings say so; the record names them, so that nobody wonders. */
import { join } from 'node:path'
import type { LaunchOrder } from '../sandbox/launch.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Ledger, RunRow } from './ledger.ts'

/** `layers`: what lies over the project, for a run below may have made such files, too. */
export async function masksFor(secrets: Secrets, { project, request }: Pick<RunRow, 'project' | 'request'>, layers: readonly string[]): Promise<Pick<LaunchOrder, 'mask'>> {
  if (!request.masks) return {}
  const found = await Promise.all([project, ...layers].map((top) => secrets.filesIn(top)))
  return { mask: [...new Set(found.flat())].map((path) => join(project, path)) }
}

export function noteMasks(ledger: Ledger, { id, project, notes }: RunRow, { mask = [] }: Pick<LaunchOrder, 'mask'>, actor: string): void {
  if (mask.length === 0) return
  const names = mask.map((path) => path.slice(project.length + 1))
  const text = `secrets.files: empty inside, since the run reaches a network or the settings say so: ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`
  ledger.note(id, 'run.files-masked', actor, { notes: [...(notes ?? []), text] }, { files: names })
}
