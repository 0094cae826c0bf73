/** `nexus rollback RUN` */
import { EXIT } from '@nexus/protocol/exit-code'
import { named, type Invocation } from '../command.ts'
import { tellOutcome } from '../screen/outcome.ts'
import { Progress } from '../screen/progress.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print } = invocation
  using progress = new Progress('rolling back')
  const result = await client.runs.rollback.mutate(named(invocation, words[0] ?? ''))
  progress.stop()
  if (json) print(JSON.stringify(result))
  else tellOutcome(invocation, 'rolled back', result)
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}
