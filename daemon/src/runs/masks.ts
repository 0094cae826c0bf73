/** Files like .env, empty inside or closed where the settings say so; the record names them, so that nobody wonders. */
import { join } from 'node:path'
import type { LaunchOrder } from '../sandbox/launch.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Ledger, RunRow } from './ledger.ts'

/** `over`: runs whose layers lie over the project, for they may have made such files, or moved them. */
export async function masksFor(ledger: Ledger, secrets: Secrets, { project, request }: Pick<RunRow, 'project' | 'request'>, over: readonly RunRow[]): Promise<Pick<LaunchOrder, 'mask' | 'deny'>> {
  if (!request.masks) return {}
  const made = over.flatMap(({ id }) => ledger.details(id).changes).flatMap(({ path, after }) => (typeof path === 'string' && after?.type === 'file' && secrets.isFile(path) ? path : []))
  return { [request.masks === 'deny' ? 'deny' : 'mask']: [...new Set([...(await secrets.filesIn(project)), ...made])].map((path) => join(project, path)) }
}

export function noteMasks(ledger: Ledger, { id, project, notes }: RunRow, { mask = [], deny = [] }: Pick<LaunchOrder, 'mask' | 'deny'>, actor: string): void {
  const names = [...mask, ...deny].map((path) => path.slice(project.length + 1))
  if (names.length === 0) return
  const how = deny.length > 0 ? 'not to be opened inside, as the settings say' : 'empty inside, since the run reaches a network or the settings say so'
  const text = `secrets.files: ${how}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`
  ledger.note(id, 'run.files-masked', actor, { notes: [...(notes ?? []), text] }, { files: names })
}
