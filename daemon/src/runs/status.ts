/** The stations of a run's life and the moves between them; every other move is a bug and says where the run is. */
import { Problem } from '@nexus/protocol/problem'
import type { RunStatus } from '@nexus/protocol/runs'

const MOVES = {
  queued: ['waiting', 'running', 'refused', 'discarded', 'failed'],
  waiting: ['queued', 'refused', 'discarded', 'failed'],
  running: ['unchanged', 'kept', 'failed'],
  // A shell inside a kept layer makes it run again; its end seals a new change set.
  unchanged: ['running', 'discarded', 'stale'],
  kept: ['running', 'applying', 'discarded', 'stale'],
  applying: ['applied', 'kept', 'rolled-back'],
  applied: ['applying', 'rolling-back'],
  'rolling-back': ['rolled-back', 'applied'],
  'rolled-back': ['applying', 'discarded', 'stale'],
  failed: ['running', 'discarded'],
  // What it stands on is again what it was.
  stale: ['discarded', 'kept', 'unchanged'],
  discarded: [],
  refused: [],
} as const satisfies Record<RunStatus, readonly RunStatus[]>

/** Nothing moves by itself in these. */
export const SETTLED: readonly RunStatus[] = ['waiting', 'unchanged', 'kept', 'applied', 'rolled-back', 'discarded', 'refused', 'stale', 'failed']

export function canMove(from: RunStatus, to: RunStatus): boolean {
  const moves: readonly RunStatus[] = MOVES[from]
  return moves.includes(to)
}

/** Throws Problem `wrong-status`; `action` completes "it cannot be …". */
export function requireMove(run: string, from: RunStatus, to: RunStatus, action: string): void {
  if (!canMove(from, to)) throw new Problem('wrong-status', { run, status: from, action })
}
