/** `nexus transcript RUN`: what an agent said and did, from its own records. */
import { ENTRY_SIGNS, entryTitle } from '@nexus/protocol/entry-words'
import type { NamedRun } from '@nexus/protocol/named-run'
import { safe, safeLines } from '@nexus/protocol/readable'
import type { Entry, Transcript } from '@nexus/protocol/transcripts'
import { agentWords } from '@nexus/protocol/words'
import { named, type Invocation } from '../command.ts'
import type { Theme } from '../screen/theme.ts'

const AT_ONCE = 500

export async function run(invocation: Invocation): Promise<number> {
  const { words, json, print, tell, errorTheme } = invocation
  const which = named(invocation, words[0] ?? '')
  const { agent } = await read(invocation, which, { after: 0, limit: 1 })
  if (json) {
    const entries: Entry[] = []
    for await (const some of entriesOf(invocation, which)) entries.push(...some)
    print(JSON.stringify({ agent, entries }))
    return 0
  }
  for await (const some of entriesOf(invocation, which)) for (const entry of some) for (const line of linesOf(entry, invocation.theme)) print(line)
  tell(errorTheme.dim(`${safe(agentWords(agent))}, by its own count`))
  if (agent.transcript?.cut) tell(errorTheme.careful('it was longer: the end is not kept'))
  if (agent.transcript?.mixed) tell(errorTheme.careful(`another ${agent.name} worked in this project at the same time: some of this may be its`))
  return 0
}

/** The whole of it, for a pager. */
export async function transcriptText(invocation: Invocation, run: string): Promise<string> {
  const lines: string[] = []
  for await (const some of entriesOf(invocation, { run })) lines.push(...some.flatMap((entry) => linesOf(entry, invocation.errorTheme)))
  return `${lines.join('\n')}\n`
}

async function* entriesOf(invocation: Invocation, which: NamedRun): AsyncGenerator<readonly Entry[]> {
  for (let next: number | undefined = 0; next !== undefined; ) {
    const some: Transcript = await read(invocation, which, { after: next, limit: AT_ONCE })
    yield some.entries
    next = some.next
  }
}

function read({ client }: Invocation, which: NamedRun, part: { after: number; limit: number }): Promise<Transcript> {
  return client.transcripts.read.query({ ...which, ...part })
}

function linesOf({ text, leftOut, ...entry }: Entry, theme: Theme): string[] {
  const paint = entry.failed ? theme.bad : entry.kind === 'asked' || entry.kind === 'said' ? theme.strong : theme.dim
  return [
    paint(`${ENTRY_SIGNS[entry.kind]} ${safe(entryTitle(entry))}`), ...safeLines(text).split('\n').map((line) => `  ${line}`),
    ...(leftOut === undefined ? [] : [theme.dim(`  … and ${leftOut.toLocaleString('en-US')} more characters`)]),
  ]
}
