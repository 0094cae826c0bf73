/** Layer and pre-images stay beyond their time, until a person lets them go. */
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import type { Ledger } from './ledger.ts'

export function pin(ledger: Ledger, id: string, release: boolean, actor: string): Run {
  const row = ledger.row(id)
  if (!release && row.layer === null && row.status !== 'applied') throw new Problem('wrong-status', { run: id, status: `${row.status}, its layer is gone`, action: 'pinned' })
  const fields = { pinned: !release, layerNoticeAt: null, preImagesNoticeAt: null }
  if (row.pinned === release) ledger.note(id, release ? 'run.unpinned' : 'run.pinned', actor, fields)
  return ledger.run(id)
}
