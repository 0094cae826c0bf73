/** `nexus attach RUN`: our terminal in front of one that runs already, also from a second place at once. */
import { Problem } from '@nexus/protocol/problem'
import { named, type Invocation } from '../command.ts'
import { exitCodeOfRun } from '../exit.ts'
import { AskingBeside } from '../asking-beside.ts'
import { attendQuestions } from '../following.ts'
import { left } from '../leaving.ts'
import { relay } from '../relaying.ts'
import { LEAVE_KEYS } from '../screen/leave-keys.ts'
import { ownTerminal } from '../terminal.ts'
import { tellRun } from './run.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, tell, errorTheme, interactive } = invocation
  if (!ownTerminal(invocation)) throw new Problem('usage', { what: 'nexus attach needs a terminal', topic: 'attach' })
  const { run: found } = await client.runs.get.query(named(invocation, words[0] ?? ''))
  if (found.status !== 'running' && found.status !== 'queued') throw new Problem('wrong-status', { run: found.id, status: found.status, action: 'attached to' })
  // A shell in a layer has a terminal, whatever the run of that layer had.
  if (!found.pty && found.durationMs === null) throw new Problem('no-terminal', { run: found.id })
  tell(errorTheme.dim(`attached to ${found.id}; ${LEAVE_KEYS} leaves it running`))
  const asking = new AskingBeside()
  {
    await using _questions = await attendQuestions(invocation, found.id, asking)
    if ((await relay(invocation, found.id, { comesLater: true, asking })) === 'left') return left(invocation, found)
  }
  const { run: ended } = await client.runs.wait.query({ run: found.id })
  tellRun(invocation, ended, 'keep', interactive)
  if (interactive && ended.status === 'kept') return (await import('../deciding.ts')).decide(invocation, ended)
  return exitCodeOfRun(ended, 'keep')
}
