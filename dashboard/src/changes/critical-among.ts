/** Of a run and those below it that are not applied yet: the one whose verdict wants a word, else the run itself. */
import type { Run } from '@nexus/protocol/runs'
import type { Calls } from '../daemon/calls.ts'

export async function criticalAmong(calls: Calls, run: Run): Promise<Pick<Run, 'verdict'>> {
  const below = await Promise.all((run.needs ?? []).map(async (needed) => (await calls.runs.get.query({ run: needed })).run))
  return [run, ...below].find(({ verdict }) => verdict?.confirm) ?? run
}
