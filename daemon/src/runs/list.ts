/** A page of runs, newest first, as lists show them. */
import type { RunListRequest, RunSummary } from '@nexus/protocol/runs'
import type { State } from '../state/state.ts'
import { summaryOf, type Ledger } from './ledger.ts'
import { findRun } from './names.ts'

/** Throws Problem as `findRun` does. */
export function pageOf({ ledger, state }: { readonly ledger: Ledger; readonly state: State }, request: RunListRequest, projectOf: () => string): { runs: RunSummary[]; next?: string } {
  const project = request.all ? undefined : projectOf()
  const before = request.before === undefined ? undefined : findRun(state, request.before, projectOf)
  const rows = ledger.list({ limit: request.limit + 1, ...(project === undefined ? {} : { project }), ...(before === undefined ? {} : { before }) })
  const page = rows.slice(0, request.limit).map(summaryOf)
  const last = page.at(-1)
  return { runs: page, ...(rows.length > page.length && last ? { next: last.id } : {}) }
}
