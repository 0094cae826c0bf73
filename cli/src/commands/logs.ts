/** `nexus logs RUN`: what it printed, and with --follow what it prints from now on. Looking never slows a run down. */
import { Problem } from '@nexus/protocol/problem'
import { flag, named, text, type Invocation } from '../command.ts'
import { outlets, takeOutput } from '../output.ts'
import { LastLines } from '../screen/last-lines.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json } = invocation
  if (json) throw new Problem('usage', { what: 'nexus logs prints bytes as they are; nexus show --json has them as JSON', topic: 'logs' })
  const count = linesWanted(text(invocation, 'tail'))
  const { run: found } = await client.runs.get.query(named(invocation, words[0] ?? ''))
  const { take, end } = outlets()
  const last = count === undefined ? undefined : new LastLines<'stdout' | 'stderr'>(count)
  const after = await takeOutput(invocation, found.id, { take: last ? (stream, bytes) => last.add(stream, bytes) : take, setsPace: false, follow: false })
  for (const { stream, bytes } of last?.take() ?? []) await take(stream, bytes)
  if (flag(invocation, 'follow')) await takeOutput(invocation, found.id, { take, setsPace: false, after })
  await end()
  return 0
}

function linesWanted(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const count = Number(given)
  if (!/^\d+$/.test(given) || !Number.isSafeInteger(count)) throw new Problem('usage', { what: `--tail is a number of lines, not "${given}"`, topic: 'logs' })
  return count
}
