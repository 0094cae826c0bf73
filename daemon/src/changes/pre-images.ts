/** What the applies of a project had found and kept, by content. */
import fs from 'node:fs'
import type { Journals } from './journal.ts'
import { isBackedUp } from './plan.ts'

export interface PreImage {
  /** The journal's folder of pre-images. */
  readonly folder: string
  readonly name: string
}

/** `wanted`: hex sha256 of the contents looked for. */
export function preImages(journals: Journals, project: string, wanted: ReadonlySet<string>): Map<string, PreImage> {
  const kept = new Map<string, PreImage>()
  for (const { plan, backups } of journals.all()) {
    if (plan.project !== project || !fs.existsSync(backups)) continue
    for (const [index, step] of plan.steps.entries()) {
      const sha256 = step.before?.sha256
      if (sha256 !== undefined && wanted.has(sha256) && isBackedUp(step)) kept.set(sha256, { folder: backups, name: String(index) })
    }
  }
  return kept
}
