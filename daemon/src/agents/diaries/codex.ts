/**
 * Codex writes one JSON record per line and session, below `.codex/sessions/YEAR/MONTH/DAY`. Its counts of tokens are those
 * of the whole session so far, and are repeated: what a run spent is how far they rose while it ran.
 */
import type { Entry, Spent } from '@nexus/protocol/transcripts'
import { isOf, isWithin, type Diary, type Scope } from '../diary.ts'
import { recordsIn } from '../home-files.ts'
import { callOf, countOf, listOf, member, printedIn, textOf, timeOf, wordsOf, type Json } from '../record.ts'

export const codexDiary: Diary = {
  read: (home, scope) => {
    const sessions = recordsIn(home, { folder: '.codex/sessions', name: /^rollout-.*\.jsonl$/, depth: 3, since: scope.since, keeps: (record) => KEPT.has(textOf(member(record, 'type')) ?? '') }).filter((records) => isOurs(records, scope))
    const spent = sessions.map((records) => spentIn(records, scope)).reduce<Spent | undefined>((sum, one) => (sum && one ? added(sum, one) : (sum ?? one)), undefined)
    return { entries: sessions.flatMap((records) => entriesOf(records, scope)), ...(spent ? { spent } : {}) }
  },
  printed: (text) => {
    const usage = member(printedIn(text).findLast((record) => member(record, 'type') === 'turn.completed'), 'usage')
    return usage === undefined ? undefined : { inputTokens: countOf(member(usage, 'input_tokens')), cachedTokens: countOf(member(usage, 'cached_input_tokens')), outputTokens: countOf(member(usage, 'output_tokens')) }
  },
}

const KEPT = new Set(['session_meta', 'response_item', 'event_msg'])

function isOurs(records: readonly Json[], scope: Scope): boolean {
  const folder = records.filter((record) => member(record, 'type') === 'session_meta').map((record) => textOf(member(record, 'payload', 'cwd'))).find((one) => one !== undefined)
  return folder !== undefined && isOf(scope, folder)
}

/** What Codex puts before the person's words, in the person's place. */
const NOT_THE_PERSON = /^\s*(<(environment_context|user_instructions|turn_aborted)\b|# AGENTS\.md instructions)/

function entriesOf(records: readonly Json[], scope: Scope): Entry[] {
  const items = records.filter((record) => member(record, 'type') === 'response_item')
  const tools = new Map(items.map((record) => [textOf(member(record, 'payload', 'call_id')), textOf(member(record, 'payload', 'name'))] as const).filter(([, name]) => name !== undefined))
  return items.flatMap((record): Entry[] => {
    const at = timeOf(member(record, 'timestamp'))
    if (at === undefined || !isWithin(scope, at)) return []
    const item = member(record, 'payload')
    const type = textOf(member(item, 'type')) ?? ''
    if (type === 'message') {
      const role = textOf(member(item, 'role'))
      const text = wordsOf(member(item, 'content'))
      if (role === 'assistant') return [{ kind: 'said', at, text }]
      return role === 'user' && !NOT_THE_PERSON.test(text) ? [{ kind: 'asked', at, text }] : []
    }
    if (type === 'reasoning') return listOf(member(item, 'summary')).map((part) => ({ kind: 'thought', at, text: wordsOf(member(part, 'text')) }))
    if (type.endsWith('_call_output')) return [{ kind: 'answered', at, tool: tools.get(textOf(member(item, 'call_id'))) ?? '?', text: wordsOf(member(item, 'output')) }]
    if (type.endsWith('_call')) return [{ kind: 'called', at, tool: textOf(member(item, 'name')) ?? type, text: callOf(member(item, 'arguments') ?? member(item, 'input') ?? member(item, 'action')) }]
    return []
  })
}

/** Undefined: nothing was counted in that time. */
function spentIn(records: readonly Json[], scope: Scope): Spent | undefined {
  const counts = records.flatMap((record) => {
    const total = member(record, 'type') === 'event_msg' && member(record, 'payload', 'type') === 'token_count' ? member(record, 'payload', 'info', 'total_token_usage') : undefined
    const at = timeOf(member(record, 'timestamp'))
    return total === undefined || total === null || at === undefined ? [] : [{ at, input: countOf(member(total, 'input_tokens')), cached: countOf(member(total, 'cached_input_tokens')), output: countOf(member(total, 'output_tokens')) }]
  })
  const before = counts.filter(({ at }) => at < scope.since).at(-1) ?? { input: 0, cached: 0, output: 0 }
  const during = counts.filter(({ at }) => isWithin(scope, at))
  const last = during.at(-1)
  if (!last) return undefined
  const rises = [before, ...during].filter(({ input, output }, at, all) => at > 0 && (input > (all[at - 1]?.input ?? 0) || output > (all[at - 1]?.output ?? 0)))
  return { turns: rises.length, inputTokens: last.input - before.input, cachedTokens: last.cached - before.cached, outputTokens: last.output - before.output }
}

function added(a: Spent, b: Spent): Spent {
  const sum = (name: 'turns' | 'inputTokens' | 'cachedTokens' | 'outputTokens') => (a[name] ?? 0) + (b[name] ?? 0)
  return { turns: sum('turns'), inputTokens: sum('inputTokens'), cachedTokens: sum('cachedTokens'), outputTokens: sum('outputTokens') }
}
