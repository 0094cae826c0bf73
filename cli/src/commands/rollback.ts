/** `nexus rollback RUN` */
import { EXIT } from '@nexus/protocol/exit-code'
import { carryOut } from '../carrying-out.ts'
import { named, type Invocation } from '../command.ts'
import { tellOutcome } from '../screen/outcome.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print } = invocation
  const [name = ''] = words
  const request = named(invocation, name)
  const result = await carryOut(invocation, 'rolling back', request, () => client.runs.rollback.mutate(request))
  if (json) print(JSON.stringify(result))
  else tellOutcome(invocation, 'rolled back', result)
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}
