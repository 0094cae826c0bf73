/** `nexus run --on RUN`: what the run below means for the place and the terms of the one that is asked for. */
import { resolve } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import type { RunRequest, RunStatus } from '@nexus/protocol/runs'
import { isInside, placeOf, type Boundaries, type Place } from '../base/project.ts'
import type { Ledger, NewPlace, RunRow } from './ledger.ts'
import { layerOf } from './seal.ts'
import { requireGround } from './stack.ts'

/** A stack has one back end, and whoever agreed to it agreed for the stack. Throws Problem `backend-unavailable`. */
export function onto(below: RunRow, request: RunRequest): RunRequest {
  if (request.backend !== 'auto' && request.backend !== below.backend) {
    throw new Problem('backend-unavailable', { backend: request.backend, cause: `run ${below.id} below it used ${below.backend}`, fix: `leave --backend out, or say --backend ${below.backend}` })
  }
  return { ...request, on: below.id, backend: request.backend === 'auto' ? below.request.backend : request.backend }
}

/** The directory may be one that only the run below made. Throws Problem as `placeOf`, and `other-project`. */
export function placeOn({ id, project }: RunRow, { cwd, project: named }: RunRequest, boundaries: Boundaries): Place {
  try {
    const place = placeOf(cwd, named ?? (isInside(cwd, project) ? project : undefined), boundaries)
    if (place.project === project) return place
  } catch (error) {
    if (error instanceof Problem && error.code === 'no-directory' && isInside(resolve(cwd), project)) return { cwd: resolve(cwd), project }
    throw error
  }
  throw new Problem('other-project', { run: id, project })
}

export interface Base {
  readonly row: RunRow
  /** Uppers for a layer over it, nearest first. */
  readonly parents: readonly string[]
}

/** Nothing writes to the layers of these. */
const BASES: readonly RunStatus[] = ['unchanged', 'kept', 'applied', 'rolled-back', 'failed']

/** A run whose layer others may be laid over, if only for a look. Throws Problem `wrong-status`. */
export function baseOf(ledger: Ledger, id: string): Base {
  const row = ledger.row(id)
  const layer = layerOf(row)
  if (!layer || !BASES.includes(row.status)) throw new Problem('wrong-status', { run: id, status: layer ? row.status : `${row.status}, its layer is gone`, action: 'built upon' })
  // A copy holds everything that lies below it.
  return { row, parents: [layer.upper, ...(row.backend === 'copy' ? [] : layer.parents)] }
}

/** The place in the stack of a run that begins in this very breath. Throws Problem `wrong-status`. */
export function groundOn(ledger: Ledger, id: string): Pick<NewPlace, 'parent' | 'parents'> {
  requireGround(ledger, ledger.row(id))
  return { parent: id, parents: baseOf(ledger, id).parents }
}
