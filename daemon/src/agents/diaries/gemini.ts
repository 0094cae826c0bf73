/**
 * Gemini CLI writes one JSON record per line and session, below `.gemini/tmp/PROJECT/chats`; earlier ones wrote one JSON value
 * per session. A message that grows is written again under its id: the last one counts.
 */
import { createHash } from 'node:crypto'
import type { Entry, Spent } from '@nexus/protocol/transcripts'
import { isWithin, type Diary, type Scope } from '../diary.ts'
import { recordsIn } from '../home-files.ts'
import { callOf, countOf, listOf, member, printedIn, textOf, timeOf, wordsOf, type Json } from '../record.ts'

export const geminiDiary: Diary = {
  read: (home, scope) => {
    const sessions = recordsIn(home, { folder: '.gemini/tmp', name: /\.jsonl?$/, depth: 3, since: scope.since }).filter((records) => isOurs(records, scope))
    const messages = sessions.flatMap(messagesOf).filter((message) => isWithin(scope, timeOf(member(message, 'timestamp'))))
    const answers = messages.filter((message) => member(message, 'type') === 'gemini')
    const spent = answers.length > 0 ? { spent: spentIn(answers) } : {}
    return { entries: messages.flatMap(entriesOf), ...spent }
  },
  printed: (text) => {
    const stats = printedIn(text).map((record) => member(record, 'stats')).findLast((one) => one !== undefined)
    if (stats === undefined) return undefined
    const models = Object.values(member(stats, 'models') ?? {}) as Json[]
    const sum = (...names: string[]) => models.reduce<number>((total, model) => names.reduce((all, name) => all + countOf(member(model, 'tokens', name)), total), 0)
    return models.length > 0 ? { inputTokens: sum('prompt', 'tool'), cachedTokens: sum('cached'), outputTokens: sum('candidates', 'thoughts') } : { inputTokens: countOf(member(stats, 'input_tokens')), outputTokens: countOf(member(stats, 'output_tokens')) }
  },
}

/** The project stands there only as a hash of its path. */
function isOurs(records: readonly Json[], { project, cwd }: Scope): boolean {
  const hash = records.map((record) => textOf(member(record, 'projectHash'))).find((one) => one !== undefined)
  return hash !== undefined && [project, cwd].some((folder) => createHash('sha256').update(folder).digest('hex') === hash)
}

function messagesOf(records: readonly Json[]): Json[] {
  const byId = new Map<string, Json>()
  for (const record of records.flatMap((one) => [one, ...listOf(member(one, 'messages'))])) {
    const id = textOf(member(record, 'id'))
    if (id !== undefined && member(record, 'type') !== undefined) byId.set(id, record)
  }
  return [...byId.values()]
}

function entriesOf(message: Json): Entry[] {
  const at = timeOf(member(message, 'timestamp'))
  const time = at === undefined ? {} : { at }
  const type = textOf(member(message, 'type'))
  // What tools gave back comes in the person's place once more.
  const text = type === 'user' ? textsOf(member(message, 'content')) : wordsOf(member(message, 'content'))
  const said: Entry[] = text === '' ? [] : [{ kind: type === 'user' ? 'asked' : type === 'gemini' ? 'said' : 'noted', ...time, text }]
  const thoughts = listOf(member(message, 'thoughts')).map((thought): Entry => ({ kind: 'thought', ...time, text: [wordsOf(member(thought, 'subject')), wordsOf(member(thought, 'description'))].filter((words) => words !== '').join(': ') }))
  const calls = listOf(member(message, 'toolCalls')).flatMap((call): Entry[] => {
    const tool = textOf(member(call, 'name')) ?? '?'
    const failed = ['error', 'cancelled'].includes(textOf(member(call, 'status')) ?? '') ? { failed: true as const } : {}
    return [{ kind: 'called', ...time, tool, text: callOf(member(call, 'args')) }, { kind: 'answered', ...time, tool, ...failed, text: answerOf(member(call, 'result')) }]
  })
  return [...thoughts, ...said, ...calls]
}

function textsOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return listOf(content).flatMap((part) => textOf(member(part, 'text')) ?? []).join('\n')
}

/** What went back to the model, out of its wrapping. */
function answerOf(result: Json | undefined): string {
  const answers = listOf(result).map((part) => member(part, 'functionResponse', 'response', 'output') ?? member(part, 'functionResponse', 'response') ?? part)
  return answers.length > 0 ? answers.map(wordsOf).join('\n') : wordsOf(result)
}

function spentIn(answers: readonly Json[]): Spent {
  const sum = (...names: string[]) => answers.reduce<number>((total, answer) => names.reduce((all, name) => all + countOf(member(answer, 'tokens', name)), total), 0)
  return { turns: answers.length, inputTokens: sum('input', 'tool'), cachedTokens: sum('cached'), outputTokens: sum('output', 'thoughts') }
}
