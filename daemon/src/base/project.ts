/**
 * Which project a directory belongs to: the nearest ancestor holding `.git` or `.nexus/settings.yaml`, found without
 * running git, never the home directory or `/` nor above them, nor a folder for everybody that somebody else has marked; else
 * the directory itself.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { Problem } from '@nexus/protocol/problem'

export interface Place {
  /** Absolute, without links. */
  readonly cwd: string
  readonly project: string
}

export interface Boundaries {
  readonly userHome: string
  readonly state: string
}

/** Throws Problem: no-directory, not-a-directory, path-not-text, project-refused, project-in-state, cwd-outside-project. */
export function placeOf(cwd: string, project: string | undefined, boundaries: Boundaries): Place {
  const here = directory(cwd)
  const root = project === undefined ? nearestProject(here, boundaries.userHome) : directory(project)
  const userHome = real(boundaries.userHome)
  if (isInside(userHome, root)) throw new Problem('project-refused', { project: root })
  if (isInside(root, real(boundaries.state))) throw new Problem('project-in-state', { project: root, state: boundaries.state })
  if (!isInside(here, root)) throw new Problem('cwd-outside-project', { cwd: here, project: root })
  return { cwd: here, project: root }
}

function nearestProject(start: string, userHome: string): string {
  const home = real(userHome)
  for (let folder = start; !isInside(home, folder); folder = dirname(folder)) {
    if (MARKS.some((mark) => existsSync(join(folder, mark)) && isOurWord(folder, mark))) return folder
  }
  return start
}

const MARKS = ['.git', '.nexus/settings.yaml'] as const

/** In a folder that everybody may write to (/tmp), a mark of somebody else would make a project of all that others keep there. */
function isOurWord(folder: string, mark: string): boolean {
  if ((statSync(folder).mode & 0o002) === 0) return true
  return [process.geteuid?.() ?? 0, 0].includes(lstatSync(join(folder, mark)).uid)
}

function directory(path: string): string {
  let bytes: Buffer
  try {
    bytes = realpathSync.native(path, { encoding: 'buffer' })
  } catch (cause) {
    // What a client could not write as text came here with marks in its place.
    if (path.includes('\uFFFD')) throw new Problem('path-not-text', { path }, { cause })
    throw new Problem('no-directory', { path }, { cause })
  }
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) throw new Problem('path-not-text', { path: text })
  if (!statSync(text).isDirectory()) throw new Problem('not-a-directory', { path: text })
  return text
}

/** A home that does not exist (a system user) bounds nothing but `/`. */
function real(path: string): string {
  try { return realpathSync.native(path) } catch { return path }
}

/** Is `inner` the folder `outer` or below it? */
export function isInside(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep)
}
