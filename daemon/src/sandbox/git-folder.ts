/** The git folder of a worktree or submodule lies outside the project: it is shown read-only, where it says itself that it
 *  belongs to this project. A `.git` file alone proves nothing: it could name any folder of the home. */
import { realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isInside } from '../base/project.ts'
import { shortText } from '../base/short-text.ts'

/** Absolute folders; none for an ordinary repository. */
export function externalGitFolders(project: string): string[] {
  const named = /^gitdir: (.+?)\n*$/.exec(shortText(join(project, '.git')) ?? '')?.[1]
  if (named === undefined) return []
  try {
    const folder = realpathSync(resolve(project, named))
    const shared = shortText(join(folder, 'commondir'))
    const whole = shared === undefined ? folder : realpathSync(resolve(folder, shared.trim()))
    const belongs = shared === undefined ? isSubmoduleOf(project, folder) : isWorktreeOf(project, folder) && isInside(folder, whole)
    return belongs && isRepository(whole) && !isInside(whole, project) && !isInside(project, whole) ? [whole] : []
  } catch {
    return [] // it names what is not there: git does not work outside either
  }
}

/** `worktrees/NAME/gitdir` leads back to the project's `.git` file. */
function isWorktreeOf(project: string, folder: string): boolean {
  const back = shortText(join(folder, 'gitdir'))?.trim()
  return back !== undefined && realpathSync(dirname(resolve(folder, back))) === realpathSync(project)
}

/** `modules/NAME/config` names the project as its worktree. */
function isSubmoduleOf(project: string, folder: string): boolean {
  const back = /^\s*worktree\s*=\s*(.+?)\s*$/m.exec(shortText(join(folder, 'config')) ?? '')?.[1]
  return back !== undefined && realpathSync(resolve(folder, back)) === realpathSync(project)
}

function isRepository(folder: string): boolean {
  return statSync(join(folder, 'objects')).isDirectory() && statSync(join(folder, 'HEAD')).isFile()
}
