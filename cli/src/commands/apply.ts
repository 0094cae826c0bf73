/** `nexus apply RUN [PATH…]` */
import { isBlocking } from '@nexus/protocol/change-flags'
import { EXIT } from '@nexus/protocol/exit-code'
import { carryOut } from '../carrying-out.ts'
import { named, text, type Invocation } from '../command.ts'
import { projectPaths } from '../paths.ts'
import { changeLine } from '../screen/changes.ts'
import { confirm } from '../screen/confirm.ts'
import { tellOutcome } from '../screen/outcome.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, tell, errorTheme, interactive } = invocation
  const [name = '', ...given] = words
  const { run: of } = await client.runs.get.query(named(invocation, name))
  const paths = projectPaths(given, invocation.cwd, of.project)
  const flagged = given.length === 0 ? of.changes.filter(isBlocking) : []
  if (interactive && flagged.length > 0 && (of.status === 'kept' || of.status === 'rolled-back')) {
    tell('These paths need a second look:')
    for (const change of flagged.slice(0, 20)) tell(changeLine(change, errorTheme))
    if (flagged.length > 20) tell(`  … and ${flagged.length - 20} more`)
    if (!(await confirm('Apply them too?'))) {
      tell(`nothing was applied; nexus apply ${of.id} PATH… applies some`)
      return EXIT.waiting
    }
  }
  const digest = text(invocation, 'digest') ?? of.digest ?? undefined
  const result = await carryOut(invocation, 'applying', { run: of.id }, () => client.runs.applyChanges.mutate({ run: of.id, paths, ...(digest === undefined ? {} : { digest }) }))
  if (json) print(JSON.stringify(result))
  else tellOutcome(invocation, 'applied', result)
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}
