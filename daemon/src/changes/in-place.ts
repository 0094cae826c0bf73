/** A project is known by its real path. With a link in the place of one of its folders, that path leads into another tree. */
import { realpathSync } from 'node:fs'
import { Problem } from '@nexus/protocol/problem'
import { codeOf } from './code-of.ts'

/** Throws Problem `project-moved`. */
export function requireInPlace(project: string): void {
  const cause = whyNot(project)
  if (cause !== undefined) throw new Problem('project-moved', { project, cause })
}

export function isInPlace(project: string): boolean {
  return whyNot(project) === undefined
}

function whyNot(project: string): string | undefined {
  try {
    const real = realpathSync.native(project)
    return real === project ? undefined : `a link leads to ${real}`
  } catch (error) {
    return codeOf(error)
  }
}
