/** The answer of a person to a run that waits for one. */
import { randomBytes } from 'node:crypto'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { Ledger } from './ledger.ts'
import { groundOn } from './onto.ts'

interface AnswerParts {
  readonly ledger: Ledger
  readonly sandbox: Pick<Sandbox, 'choose'>
  /** Throws Problem while nothing new may begin. */
  readonly requireReady: () => void
}

/** What to execute it with now; undefined when it was refused. Throws Problem. */
export async function answered({ ledger, sandbox, requireReady }: AnswerParts, id: string, deny: boolean, actor: string): Promise<Choice | undefined> {
  const row = ledger.row(id)
  if (row.status !== 'waiting') throw new Problem('wrong-status', { run: id, status: row.status, action: deny ? 'denied' : 'approved' })
  const decision = { id: newId('approval', randomBytes(12)), decision: deny ? ('deny' as const) : ('run' as const), digest: null }
  if (deny) {
    ledger.move(id, { to: 'refused', event: 'run.denied', actor, action: 'denied', durable: true, decision, fields: { endReason: 'denied', next: null } })
    return undefined
  }
  requireReady()
  const choice = await sandbox.choose(row.backend, row.project)
  // Somebody may have stopped everything meanwhile.
  requireReady()
  if (row.parent !== null && row.parents.length > 0) groundOn(ledger, row.parent)
  ledger.move(id, { to: 'queued', event: 'run.approved', actor, action: 'approved', durable: true, decision, fields: { next: null } })
  return choice
}
