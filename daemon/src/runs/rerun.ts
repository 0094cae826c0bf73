/** The same command once more, on the host as it is now; when that has ended well, the run before it is stale. */
import { Problem } from '@nexus/protocol/problem'
import type { RerunRequest, RunRequest } from '@nexus/protocol/runs'
import { interactiveShell } from './command.ts'
import type { Ledger, RunRow } from './ledger.ts'

/** What is asked of the new run: everything as it was, the environment as the caller has it now, if it has one. Throws Problem. */
export function repeated(row: RunRow, { env, umask, stdin, wish, pty }: Pick<RerunRequest, 'env' | 'umask' | 'stdin' | 'wish' | 'pty'>): RunRequest {
  if (['queued', 'waiting', 'running', 'applying', 'rolling-back'].includes(row.status)) throw new Problem('wrong-status', { run: row.id, status: row.status, action: 'run again' })
  // What a person typed into a shell of the layer is not repeated by starting a shell.
  if (row.request.pty && row.command.join('\0') === interactiveShell().join('\0')) throw new Problem('wrong-status', { run: row.id, status: 'a terminal that a person typed into', action: 'run again' })
  const { pty: _, ...request } = row.request
  return { ...request, cwd: row.cwd, project: row.project, env: env ?? row.request.env, umask: umask ?? row.request.umask, stdin, wish, ...(pty ? { pty } : {}) }
}

/** A repetition that failed leaves the old run as it was: its change set may be the better one. */
export function supersede(ledger: Ledger, by: RunRow, actor: string): void {
  if (by.rerunOf === null || by.endReason !== null || by.exitCode !== 0) return
  const old = ledger.row(by.rerunOf)
  if (old.status !== 'kept' && old.status !== 'unchanged') return
  ledger.move(old.id, { to: 'stale', event: 'run.superseded', actor, action: 'superseded', payload: { by: by.id }, fields: { next: `nexus show ${by.id}` } })
}
