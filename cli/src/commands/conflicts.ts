/** `nexus conflicts RUN [PATH…]` */
import { EXIT } from '@nexus/protocol/exit-code'
import { flag, named, type Invocation } from '../command.ts'
import { projectPaths } from '../paths.ts'
import { conflictBlock } from '../screen/conflicts.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const [name = '', ...given] = words
  const { run: of } = await client.runs.get.query(named(invocation, name))
  const { digest, conflicts } = await client.runs.conflicts.query({ run: of.id, paths: projectPaths(given, invocation.cwd, of.project), patches: given.length > 0 || flag(invocation, 'patch'), withParents: flag(invocation, 'with-parents') || (of.needs ?? []).length > 0 })
  if (json) print(JSON.stringify({ digest, conflicts }))
  else if (conflicts.length === 0) print(theme.dim('no conflicts: the host is what the run saw'))
  else for (const conflict of conflicts) for (const line of conflictBlock(conflict, theme)) print(line)
  return conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}
