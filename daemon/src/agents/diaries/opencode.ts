/** OpenCode keeps its sessions in a SQLite database: messages and their parts are JSON. */
import type { Entry, Spent } from '@nexus/protocol/transcripts'
import { isOf, type Diary, type Notes, type Scope } from '../diary.ts'
import { withFile } from '../home-files.ts'
import { callOf, countOf, member, parsed, printedIn, textOf, timeOf, wordsOf, type Json } from '../record.ts'

const ROWS_MAX = 20_000

export const opencodeDiary: Diary = {
  read: (home, scope) => withFile(home, '.local/share/opencode', 'opencode.db', (path) => notesIn(path, scope)) ?? { entries: [] },
  printed: (text) => {
    const steps = printedIn(text).filter((record) => member(record, 'type') === 'step_finish').map((record) => member(record, 'part'))
    return steps.length === 0 ? undefined : spentIn(steps)
  },
}

interface Row { readonly id: string; readonly message: string; readonly at: number; readonly data: string }

function notesIn(path: string, scope: Scope): Notes {
  // The daemon knows this file too, and has no use for a second SQLite: only the reader loads it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    // An agent may have made this file by hand.
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0')
    const sessions = database.prepare('SELECT id, directory FROM session WHERE time_updated >= ? LIMIT 1000').all(scope.since).filter(({ directory }) => isOf(scope, String(directory)))
    const rowsOf = (sql: string) => sessions.flatMap(({ id }) => database.prepare(`${sql} WHERE session_id = ? AND time_created BETWEEN ? AND ? ORDER BY time_created, id LIMIT ${ROWS_MAX}`).all(String(id), scope.since, scope.until) as unknown as Row[])
    const messages = new Map(rowsOf('SELECT id, id AS message, time_created AS at, data FROM message').map(({ id, data }) => [id, parsed(data)]))
    const parts = rowsOf('SELECT id, message_id AS message, time_created AS at, data FROM part')
    const entries = parts.flatMap(({ message, at, data }) => entriesOf(parsed(data), member(messages.get(message), 'role') === 'user', at))
    const answers = [...messages.values()].filter((message) => member(message, 'role') === 'assistant' && countOf(member(message, 'tokens', 'output')) > 0)
    return { entries, ...(answers.length > 0 ? { spent: spentIn(answers) } : {}) }
  } finally {
    database.close()
  }
}

function entriesOf(part: Json | undefined, isPerson: boolean, createdAt: number): Entry[] {
  const at = timeOf(createdAt)
  const time = at === undefined ? {} : { at }
  const type = textOf(member(part, 'type'))
  if (type === 'text') return [{ kind: isPerson ? 'asked' : 'said', ...time, text: wordsOf(member(part, 'text')) }]
  if (type === 'reasoning') return [{ kind: 'thought', ...time, text: wordsOf(member(part, 'text')) }]
  if (type !== 'tool') return []
  const tool = textOf(member(part, 'tool')) ?? '?'
  const state = member(part, 'state')
  const failed = member(state, 'status') === 'error' ? { failed: true as const } : {}
  return [{ kind: 'called', ...time, tool, text: callOf(member(state, 'input')) }, { kind: 'answered', ...time, tool, ...failed, text: wordsOf(member(state, 'output') ?? member(state, 'error')) }]
}

/** Its `input` is without what came from a cache. */
function spentIn(answers: readonly (Json | undefined)[]): Spent {
  const sum = (...path: string[]) => answers.reduce<number>((total, answer) => total + countOf(member(answer, 'tokens', ...path)), 0)
  const costUsd = answers.reduce<number>((total, answer) => { const cost = member(answer, 'cost'); return total + (typeof cost === 'number' && cost > 0 ? cost : 0) }, 0)
  return { turns: answers.length, inputTokens: sum('input') + sum('cache', 'read') + sum('cache', 'write'), cachedTokens: sum('cache', 'read'), outputTokens: sum('output') + sum('reasoning'), ...(costUsd > 0 ? { costUsd } : {}) }
}
