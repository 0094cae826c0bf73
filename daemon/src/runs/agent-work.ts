/** What an agent says of its work, beside the run: asked when it has ended, kept without secrets, read back piece by piece. */
import { Problem } from '@nexus/protocol/problem'
import type { AgentWork, Entry, Transcript, TranscriptRequest } from '@nexus/protocol/transcripts'
import type { KnownSecret } from '../secrets/secrets.ts'
import type { BlobInHand } from '../state/blobs.ts'
import type { State } from '../state/state.ts'
import type { Ledger, RunRow } from './ledger.ts'

/** What a run needs to know of the agent that it is. */
export interface AgentsBeside {
  around(agent: string, project: string): { readonly home: string; readonly env: Readonly<Record<string, string>> }
  workOf(agent: string, order: { scope: { project: string; cwd: string; since: number; until: number }; printed: string; known: readonly KnownSecret[] }, patienceMs?: number): Promise<{ readonly work: Omit<AgentWork, 'name'>; readonly lines: Buffer }>
}

export interface AgentWorkParts {
  readonly state: State
  readonly ledger: Ledger
  readonly agents: AgentsBeside
  readonly now: () => number
}

/** Dispose of it once its row refers to it. */
export interface WorkInHand extends Disposable {
  readonly fields: { readonly agentWork?: Omit<AgentWork, 'name'> }
  readonly details: { readonly transcript?: string }
}

/** Whoever has stopped it, or stops the daemon, waits for its record. */
const HURRIED_MS = 1500

/** Nothing for a run that is no agent. */
export async function agentWorkOf({ state, ledger, agents, now }: AgentWorkParts, row: RunRow, { printed, known, isHurried }: { printed: Buffer; known: readonly KnownSecret[]; isHurried: boolean }): Promise<WorkInHand> {
  const { agent } = row.request
  if (agent === undefined) return { fields: {}, details: {}, [Symbol.dispose]: () => undefined }
  const scope = { project: row.project, cwd: row.cwd, since: row.startedAt ?? row.createdAt, until: now() }
  const { work, lines } = await agents.workOf(agent, { scope, printed: printed.toString(), known }, isHurried ? HURRIED_MS : undefined)
  const { transcript, ...rest } = work
  const blob: BlobInHand | undefined = transcript && state.blobs.put(lines)
  const mixed = transcript && ledger.agentBeside(row) ? { mixed: true as const } : {}
  return {
    fields: { agentWork: { ...rest, ...(transcript ? { transcript: { ...transcript, ...mixed } } : {}) } }, details: blob ? { transcript: blob.digest } : {},
    [Symbol.dispose]: () => blob?.[Symbol.dispose](),
  }
}

/** Throws Problem `no-transcript`. */
export function transcriptOf({ state, ledger }: Pick<AgentWorkParts, 'state' | 'ledger'>, id: string, { after, limit }: Pick<TranscriptRequest, 'after' | 'limit'>): Transcript {
  const { agent, status } = ledger.run(id)
  const { transcript } = ledger.details(id)
  if (!agent || transcript === null) throw new Problem('no-transcript', { run: id, why: !agent ? 'it is no run of an agent (nexus agent)' : (agent.unknown ?? (status === 'running' || status === 'queued' || status === 'waiting' ? 'it is read when the agent has ended' : 'the agent did not end by itself')) })
  const lines = state.blobs.read(transcript).toString().split('\n')
  // Our own words, written when the run ended.
  const entries = lines.slice(after, after + limit).map((line) => JSON.parse(line) as Entry)
  return { run: id, agent, entries, ...(after + limit < lines.length ? { next: after + limit } : {}) }
}
