/** From an agent's own records to what is kept of them: in order, within bounds, without secrets. */
import type { AgentWork, Entry, Spent } from '@nexus/protocol/transcripts'
import type { Diary, Scope } from './diary.ts'

/** What the daemon asks its reader. */
export interface DiaryOrder {
  readonly agent: string
  readonly home: string
  readonly scope: Scope
  /** Head and tail of what the run printed. */
  readonly printed: string
  readonly known: readonly { readonly name: string; readonly value: string }[]
}

/** The first line of the answer; an entry per line follows. */
export type DiaryHead = Pick<AgentWork, 'spent' | 'transcript'>

export type Redact = (text: string) => { readonly text: string; readonly count: number }

const TEXT_MAX = 64 * 1024
const TOOL_MAX = 200
const ENTRIES_MAX = 20_000
const CHARACTERS_MAX = 8 * 1024 * 1024

export function readDiary(diary: Diary, { home, scope, printed }: DiaryOrder, redact: Redact): { head: DiaryHead; lines: string[] } {
  const notes = diary.read(home, scope)
  const spent = together(notes.spent, diary.printed?.(printed))
  const lines: string[] = []
  let characters = 0
  let redacted = 0
  for (const { text, tool, ...entry } of inOrder(notes.entries).slice(0, ENTRIES_MAX)) {
    const clear = redact(text)
    // The agent's own word as well.
    const name = tool === undefined ? undefined : redact(tool)
    redacted += clear.count + (name?.count ?? 0)
    const line = JSON.stringify({ ...entry, ...(name ? { tool: name.text.slice(0, TOOL_MAX) } : {}), text: clear.text.slice(0, TEXT_MAX), ...(clear.text.length > TEXT_MAX ? { leftOut: clear.text.length - TEXT_MAX } : {}) } satisfies Entry)
    characters += line.length
    if (characters > CHARACTERS_MAX) break
    lines.push(line)
  }
  const transcript = { entries: lines.length, bytes: Buffer.byteLength(lines.join('\n')), ...(lines.length < notes.entries.length ? { cut: true as const } : {}), ...(redacted > 0 ? { redacted } : {}) }
  return { head: { ...(spent ? { spent } : {}), ...(lines.length > 0 ? { transcript } : {}) }, lines }
}

/** Helpers of an agent write into files of their own. */
function inOrder(entries: readonly Entry[]): readonly Entry[] {
  let last = 0
  return entries.map((entry) => ({ entry, at: (last = entry.at ?? last) })).toSorted((a, b) => a.at - b.at).map(({ entry }) => entry)
}

/** What was written down counts; what was only printed is added. */
function together(written: Spent | undefined, printed: Spent | undefined): Spent | undefined {
  return written || printed ? { ...printed, ...written } : undefined
}
