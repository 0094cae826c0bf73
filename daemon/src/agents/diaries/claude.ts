/**
 * Claude Code writes one JSON record per line and session, below `.claude/projects`. A message of the model comes in several
 * records, one per block, each with the count of tokens so far. At its end it writes what the process has cost.
 */
import type { Entry, Spent } from '@nexus/protocol/transcripts'
import { isOf, isWithin, type Diary, type Scope } from '../diary.ts'
import { recordsIn } from '../home-files.ts'
import { callOf, countOf, listOf, member, printedIn, textOf, timeOf, wordsOf, type Json } from '../record.ts'

export const claudeDiary: Diary = {
  read: (home, scope) => {
    const sessions = recordsIn(home, { folder: '.claude/projects', name: /\.jsonl$/, depth: 4, since: scope.since, keeps: (record) => KEPT.has(textOf(member(record, 'type')) ?? '') }).filter((records) => isOurs(records, scope))
    const records = sessions.flat().filter((record) => isWithin(scope, timeOf(member(record, 'timestamp'))))
    const tools = new Map(records.flatMap((record) => listOf(member(record, 'message', 'content')).map((block) => [textOf(member(block, 'id')), textOf(member(block, 'name'))] as const)))
    const spent = spentIn(records)
    const costUsd = costIn(sessions, scope)
    return { entries: records.flatMap((record) => entriesOf(record, tools)), ...(spent ? { spent: { ...spent, ...(costUsd === undefined ? {} : { costUsd }) } } : {}) }
  },
  printed: (text) => {
    const result = printedIn(text).findLast((record) => member(record, 'type') === 'result')
    const costUsd = member(result, 'total_cost_usd')
    const turns = countOf(member(result, 'num_turns'))
    if (result === undefined) return undefined
    return { ...(turns > 0 ? { turns } : {}), ...tokensOf([member(result, 'usage')]), ...(typeof costUsd === 'number' && costUsd >= 0 ? { costUsd } : {}) }
  },
}

/** The rest is what was sent to the model each time anew, and the state of its screen. */
const KEPT = new Set(['user', 'assistant', 'system', 'cost-state'])

function isOurs(records: readonly Json[], scope: Scope): boolean {
  return records.some((record) => isOf(scope, textOf(member(record, 'cwd')) ?? ''))
}

function entriesOf(record: Json, tools: ReadonlyMap<string | undefined, string | undefined>): Entry[] {
  const kind = textOf(member(record, 'type'))
  const at = timeOf(member(record, 'timestamp'))
  const time = at === undefined ? {} : { at }
  if (kind === 'system') return [{ kind: 'noted', ...time, text: wordsOf(member(record, 'content')) }]
  if ((kind !== 'user' && kind !== 'assistant') || member(record, 'isMeta') === true) return []
  const content = member(record, 'message', 'content')
  const said = kind === 'user' ? 'asked' : 'said'
  if (typeof content === 'string') return [{ kind: said, ...time, text: content }]
  return listOf(content).flatMap((block): Entry[] => {
    const type = textOf(member(block, 'type'))
    if (type === 'text') return [{ kind: said, ...time, text: wordsOf(member(block, 'text')) }]
    if (type === 'thinking') return [{ kind: 'thought', ...time, text: wordsOf(member(block, 'thinking')) }]
    if (type === 'tool_use') return [{ kind: 'called', ...time, tool: textOf(member(block, 'name')) ?? '?', text: callOf(member(block, 'input')) }]
    if (type === 'tool_result') return [{ kind: 'answered', ...time, ...toolOf(tools.get(textOf(member(block, 'tool_use_id')))), ...(member(block, 'is_error') === true ? { failed: true as const } : {}), text: wordsOf(member(block, 'content')) }]
    return []
  })
}

function toolOf(tool: string | undefined): { tool?: string } {
  return tool === undefined ? {} : { tool }
}

/** Of processes that began in that time; one that took up an older session counts on from there. */
function costIn(sessions: readonly (readonly Json[])[], scope: Scope): number | undefined {
  const costs = sessions.flatMap((records) => {
    const last = records.findLast((record) => member(record, 'type') === 'cost-state')
    const cost = member(last, 'totalCostUSD')
    return typeof cost === 'number' && cost >= 0 && member(last, 'hasUnknownModelCost') !== true && isWithin(scope, timeOf(member(last, 'startTime'))) ? [cost] : []
  })
  return costs.length === 0 ? undefined : costs.reduce((sum, cost) => sum + cost, 0)
}

/** The last count of each message is the whole one. */
function spentIn(records: readonly Json[]): Spent | undefined {
  const answers = new Map<string, Json | undefined>()
  for (const record of records) {
    const message = member(record, 'message')
    const id = textOf(member(message, 'id'))
    // What it says in the model's place, such as "no connection", cost nothing.
    if (member(record, 'type') === 'assistant' && id !== undefined && member(message, 'model') !== '<synthetic>') answers.set(id, member(message, 'usage'))
  }
  return answers.size === 0 ? undefined : { turns: answers.size, ...tokensOf([...answers.values()]) }
}

function tokensOf(usages: readonly (Json | undefined)[]): Pick<Spent, 'inputTokens' | 'cachedTokens' | 'outputTokens'> {
  const sum = (...names: string[]) => usages.reduce<number>((total, usage) => names.reduce((all, name) => all + countOf(member(usage, name)), total), 0)
  return { inputTokens: sum('input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'), cachedTokens: sum('cache_read_input_tokens'), outputTokens: sum('output_tokens') }
}
