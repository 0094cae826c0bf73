/** `nexus diff RUN [PATH…]` */
import { Problem } from '@nexus/protocol/problem'
import { flag, named, text, type Invocation } from '../command.ts'
import { projectPaths } from '../paths.ts'
import { changeLines } from '../screen/changes.ts'
import { paintPatch } from '../screen/patch.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const [name = '', ...given] = words
  const against = text(invocation, 'against') ?? 'parent'
  if (against !== 'parent' && against !== 'host') throw new Problem('usage', { what: `--against is parent or host, not "${against}"`, topic: 'diff' })
  const { run: of } = await client.runs.get.query(named(invocation, name))
  const diff = await client.runs.diff.query({ run: of.id, paths: projectPaths(given, invocation.cwd, of.project), patch: !flag(invocation, 'stat'), against })
  if (json) {
    const { digest, changes, patch } = diff
    print(JSON.stringify({ digest, changes, ...(patch === undefined ? {} : { patch }) }))
    return 0
  }
  if (diff.changes.length === 0) print(theme.dim('nothing would change'))
  else if (diff.patch === undefined) for (const line of changeLines(diff.changes, theme, { all: true })) print(line)
  else print(paintPatch(diff.patch, theme).replace(/\n$/, ''))
  return 0
}
