/** `nexus stop RUN`: asks it to end, and ends it when it does not; `nexus restart RUN` starts the same command again. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { HandedInput } from '@nexus/protocol/handed'
import type { Run } from '@nexus/protocol/runs'
import { durationMs } from '../arguments.ts'
import { named, text, type Invocation } from '../command.ts'
import { Progress } from '../screen/progress.ts'
import { endOf, nextSteps } from '../screen/summary.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { json, print, tell, errorTheme } = invocation
  const ended = await stop(invocation)
  if (json) print(JSON.stringify({ run: ended }))
  else {
    print(`${invocation.theme.bad('■ stopped')} ${ended.id} · ${endOf(ended, invocation.theme)} · ${ended.status}`)
    for (const step of nextSteps(ended)) tell(`  ${errorTheme.dim('next:')} ${step}`)
  }
  return EXIT.ok
}

/** `again`: only if it can be repeated, with what is handed to it then. */
export async function stop(invocation: Invocation, again?: { readonly handed?: HandedInput }): Promise<Run> {
  const { client, words } = invocation
  const patience = text(invocation, 'timeout')
  using _progress = new Progress('stopping')
  return (await client.runs.stop.mutate({ ...named(invocation, words[0] ?? ''), ...(patience === undefined ? {} : { patienceMs: durationMs(patience, 'stop') }), ...(again ? { again } : {}) })).run
}
