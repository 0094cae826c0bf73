/** Paths that a person typed, relative to where they stand, as paths inside the project. */
import { isAbsolute, relative, resolve } from 'node:path'
import { realpathSync } from 'node:fs'
import { Problem } from '@nexus/protocol/problem'

/** The paths need not exist on the host. Throws Problem `usage` for one that lies outside. */
export function projectPaths(words: readonly string[], cwd: string, project: string): string[] {
  const here = realpathSync(cwd)
  // Somebody elsewhere names a path of the project as the list shows it.
  const base = here === project || here.startsWith(`${project}/`) ? here : project
  return words.map((word) => {
    const inside = relative(project, isAbsolute(word) ? word : resolve(base, word))
    if (inside === '..' || inside.startsWith('../')) throw new Problem('usage', { what: `${word} is not inside ${project}`, topic: 'diff' })
    return inside
  })
}
