/** `nexus transcript RUN`: what an agent said and did, from its own records. */
import { ENTRY_SIGNS, entryTitle } from '@nexus/protocol/entry-words'
import { safe, safeLines } from '@nexus/protocol/readable'
import type { Entry, Transcript } from '@nexus/protocol/transcripts'
import { agentWords } from '@nexus/protocol/words'
import { named, type Invocation } from '../command.ts'
import type { Theme } from '../screen/theme.ts'

const AT_ONCE = 500

export async function run(invocation: Invocation): Promise<number> {
  const { words, json, print, tell, theme, errorTheme } = invocation
  const ask = (after: number) => invocation.client.transcripts.read.query({ ...named(invocation, words[0] ?? ''), after, limit: AT_ONCE })
  const first = await ask(0)
  const entries = [...first.entries]
  if (!json) for (const entry of entries) show(entry, theme, print)
  for (let { next } = first; next !== undefined; ) {
    const more: Transcript = await ask(next)
    if (json) entries.push(...more.entries)
    else for (const entry of more.entries) show(entry, theme, print)
    next = more.next
  }
  const { agent } = first
  if (json) {
    print(JSON.stringify({ agent, entries }))
    return 0
  }
  tell(errorTheme.dim(`${safe(agentWords(agent))}, by its own count`))
  if (agent.transcript?.cut) tell(errorTheme.careful('it was longer: the end is not kept'))
  if (agent.transcript?.mixed) tell(errorTheme.careful(`another ${agent.name} worked in this project at the same time: some of this may be its`))
  return 0
}

function show({ text, leftOut, ...entry }: Entry, theme: Theme, print: (line: string) => void): void {
  const paint = entry.failed ? theme.bad : entry.kind === 'asked' || entry.kind === 'said' ? theme.strong : theme.dim
  print(paint(`${ENTRY_SIGNS[entry.kind]} ${safe(entryTitle(entry))}`))
  for (const line of safeLines(text).split('\n')) print(`  ${line}`)
  if (leftOut !== undefined) print(theme.dim(`  … and ${leftOut.toLocaleString('en-US')} more characters`))
}
