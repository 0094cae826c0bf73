import { execFileSync } from 'node:child_process'
import { appendFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Entry, Spent } from '@nexus/protocol/transcripts'
import { redacted } from '../secrets/secrets.ts'
import { askReader } from './diaries.ts'
import type { Diary } from './diary.ts'
import { AGENTS } from './index.ts'
import { readDiary } from './read-diary.ts'

const PROJECT = '/home/me/work'
const AT = Date.parse('2026-11-21T10:00:00.000Z')
const scope = { project: PROJECT, cwd: PROJECT, since: AT, until: AT + 60_000 }
const iso = (afterMs: number) => new Date(AT + afterMs).toISOString()
const reader = join(import.meta.dirname, '../diary-reader.ts')

let home: string
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'nexus-diary-')) })
afterEach(() => rmSync(home, { recursive: true, force: true }))

function diaryOf(name: string): Diary {
  const diary = AGENTS.find((agent) => agent.name === name)?.diary
  if (!diary) throw new Error(`${name} has no diary`)
  return diary
}

function write(path: string, text: string): string {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const lines = (...records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

// As those programs wrote them, shortened; between two records of the run stand one from before it and one of another project.
const claude = (timestamp: string, rest: object) => ({ cwd: PROJECT, timestamp, sessionId: 's', ...rest })
const answer = (id: string, content: object, output: number) => ({ type: 'assistant', message: { id, role: 'assistant', model: 'claude-opus-5-5', content: [content], usage: { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 30, output_tokens: output } } })
const codex = (timestamp: string, type: string, payload: object) => ({ timestamp, type, payload })
const tokens = (timestamp: string, input: number, output: number) => codex(timestamp, 'event_msg', { type: 'token_count', info: { total_token_usage: { input_tokens: input, cached_input_tokens: 4, output_tokens: output }, last_token_usage: {} } })

const HOMES: Readonly<Record<string, () => void>> = {
  claude: () => {
    write('.claude/projects/-home-me-work/s.jsonl', lines(
      { type: 'queue-operation', timestamp: iso(1) }, claude(iso(-5000), { type: 'user', message: { role: 'user', content: 'of yesterday' } }),
      claude(iso(2), { type: 'user', message: { role: 'user', content: 'work on it' } }), claude(iso(2), { type: 'user', isMeta: true, message: { role: 'user', content: 'not the person' } }),
      claude(iso(3), answer('m1', { type: 'thinking', thinking: 'hm' }, 1)), claude(iso(4), answer('m1', { type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'false', description: 'x' } }, 5)),
      claude(iso(5), { type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: [{ type: 'text', text: 'exit 1' }] }] } }),
      claude(iso(6), answer('m2', { type: 'text', text: 'All done.' }, 7)), { type: 'cost-state', totalCostUSD: 0.5, startTime: AT + 1 },
    ))
    write('.claude/projects/-other/o.jsonl', lines({ ...claude(iso(3), answer('m9', { type: 'text', text: 'of another project' }, 900)), cwd: '/home/me/workshop' }))
  },
  codex: () => {
    write('.codex/sessions/2026/11/21/rollout-1.jsonl', lines(
      codex(iso(-9000), 'session_meta', { cwd: `${PROJECT}/src` }), tokens(iso(-5000), 100, 50),
      codex(iso(1), 'response_item', { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] }),
      codex(iso(1), 'response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context>\n x' }] }),
      codex(iso(2), 'response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'work on it' }] }),
      codex(iso(3), 'response_item', { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }),
      codex(iso(4), 'response_item', { type: 'function_call', name: 'shell', call_id: 'c', arguments: '{"command":["bash","-lc","false"]}' }), tokens(iso(4), 120, 55), tokens(iso(4), 120, 55),
      codex(iso(5), 'response_item', { type: 'function_call_output', call_id: 'c', output: 'exit 1' }),
      codex(iso(6), 'response_item', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'All done.' }] }), tokens(iso(6), 184, 62),
    ))
    write('.codex/sessions/2026/11/21/rollout-2.jsonl', lines(codex(iso(1), 'session_meta', { cwd: '/elsewhere' }), tokens(iso(2), 7, 7)))
  },
  gemini: () => {
    const projectHash = execFileSync('sha256sum', { input: PROJECT }).toString().slice(0, 64)
    const call = { id: 'c', name: 'run_shell_command', args: { command: 'false' }, status: 'error', result: [{ functionResponse: { id: 'c', response: { output: 'exit 1' } } }] }
    write('.gemini/tmp/work/chats/session-1.jsonl', lines(
      { sessionId: 's', projectHash, startTime: iso(1) }, { id: '1', timestamp: iso(2), type: 'user', content: [{ text: 'work on it' }] }, { $set: { lastUpdated: iso(2) } },
      { id: '2', timestamp: iso(3), type: 'gemini', content: '', thoughts: [], tokens: null }, { id: '2', timestamp: iso(3), type: 'gemini', content: '', thoughts: [{ subject: 'hm', description: '' }], toolCalls: [call], tokens: { input: 42, cached: 30, output: 4, thoughts: 1, tool: 0 } },
      { id: '2a', timestamp: iso(4), type: 'user', content: [{ functionResponse: { id: 'c', response: { output: 'exit 1' } } }] },
      { id: '3', timestamp: iso(6), type: 'gemini', content: 'All done.', tokens: { input: 42, cached: 30, output: 7 } },
    ))
    write('.gemini/tmp/other/chats/session-2.json', JSON.stringify({ projectHash: '0', messages: [{ id: '1', timestamp: iso(2), type: 'user', content: 'of another project' }] }))
  },
  opencode: () => {
    mkdirSync(join(home, '.local/share/opencode'), { recursive: true })
    using database = new DatabaseSync(join(home, '.local/share/opencode/opencode.db'))
    database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE session (id, directory, time_updated); CREATE TABLE message (id, session_id, time_created, data); CREATE TABLE part (id, message_id, session_id, time_created, data)`)
    for (const [id, directory] of [['s', PROJECT], ['o', '/elsewhere']] as const) database.prepare('INSERT INTO session VALUES (?, ?, ?)').run(id, directory, AT + 9)
    const say = (id: string, session: string, at: number, message: object, ...parts: object[]) => {
      database.prepare('INSERT INTO message VALUES (?, ?, ?, ?)').run(id, session, AT + at, JSON.stringify(message))
      for (const [number, part] of parts.entries()) database.prepare('INSERT INTO part VALUES (?, ?, ?, ?, ?)').run(`${id}.${number}`, id, session, AT + at, JSON.stringify(part))
    }
    const counted = (output: number) => ({ role: 'assistant', cost: 0.25, tokens: { input: 12, output, reasoning: 1, cache: { read: 30, write: 0 } } })
    say('0', 's', -5000, { role: 'user' }, { type: 'text', text: 'of yesterday' })
    say('1', 's', 2, { role: 'user' }, { type: 'text', text: 'work on it' })
    say('2', 's', 3, counted(4), { type: 'reasoning', text: 'hm' }, { type: 'tool', tool: 'bash', state: { status: 'error', input: { command: 'false' }, error: 'exit 1' } })
    say('3', 's', 6, counted(6), { type: 'text', text: 'All done.' })
    say('4', 'o', 6, counted(900), { type: 'text', text: 'of another project' })
  },
}

/** All four of them tell the same story. */
const STORY: readonly Pick<Entry, 'kind' | 'text'>[] = [
  { kind: 'asked', text: 'work on it' }, { kind: 'thought', text: 'hm' }, { kind: 'called', text: 'false' }, { kind: 'answered', text: 'exit 1' }, { kind: 'said', text: 'All done.' },
]
const SPENT: Readonly<Record<string, Spent>> = {
  claude: { turns: 2, inputTokens: 84, cachedTokens: 60, outputTokens: 12, costUsd: 0.5 }, codex: { turns: 2, inputTokens: 84, cachedTokens: 0, outputTokens: 12 },
  gemini: { turns: 2, inputTokens: 84, cachedTokens: 60, outputTokens: 12 }, opencode: { turns: 2, inputTokens: 84, cachedTokens: 60, outputTokens: 12, costUsd: 0.5 },
}

describe.each(Object.keys(HOMES))('%s', (name) => {
  test('its own records of this run, of this project, and what it spent in it', () => {
    HOMES[name]?.()
    const { entries, spent } = diaryOf(name).read(home, scope)
    expect(entries.map(({ kind, text }) => ({ kind, text: text.replace(/^bash -lc /, '') }))).toEqual(STORY)
    expect(spent).toEqual(SPENT[name])
    expect(entries.map(({ at }) => at)).toEqual([2, 3, name === 'opencode' || name === 'gemini' ? 3 : 4, name === 'opencode' || name === 'gemini' ? 3 : 5, 6].map((after) => AT + after))
  })

  test('an empty home, and one of another kind', () => {
    expect(diaryOf(name).read(home, scope)).toEqual({ entries: [] })
    write('.claude', '')
    write('.codex', '')
    write('.gemini', '')
    write('.local', '')
    expect(diaryOf(name).read(home, scope)).toEqual({ entries: [] })
  })
})

describe('what an agent may have left', () => {
  const FOLDER = '.claude/projects/-p'
  const told = (text: string) => lines(claude(iso(2), { type: 'user', message: { role: 'user', content: text } }))

  test('nothing is read through a link, from a pipe, or beyond all measure', () => {
    const outside = mkdtempSync(join(tmpdir(), 'nexus-diary-outside-'))
    try {
      writeFileSync(join(outside, 'o.jsonl'), told('of the person'))
      write(`${FOLDER}/own.jsonl`, told('its own'))
      symlinkSync(join(outside, 'o.jsonl'), join(home, FOLDER, 'file.jsonl'))
      symlinkSync(outside, join(home, FOLDER, 'folder'))
      execFileSync('mkfifo', [join(home, FOLDER, 'pipe.jsonl')])
      mkdirSync(join(home, FOLDER, 'folder.jsonl'))
      execFileSync('truncate', ['-s', '10G', write(`${FOLDER}/hole.jsonl`, '')])
      const old = write(`${FOLDER}/old.jsonl`, told('old'))
      utimesSync(old, AT / 1000 - 60, AT / 1000 - 60)
      expect(diaryOf('claude').read(home, scope).entries.map(({ text }) => text)).toEqual(['its own'])
      rmSync(join(home, '.claude'), { recursive: true })
      mkdirSync(join(home, '.claude'))
      symlinkSync(outside, join(home, '.claude/projects'))
      expect(diaryOf('claude').read(home, scope).entries).toEqual([])
    } finally {
      rmSync(outside, { recursive: true })
    }
  })

  test('a long session: records longer than a piece of reading, one beyond all measure, the last without its end', () => {
    const lengths = [1_500_000, 3, 1024 * 1024 - 200, 40 * 1024 * 1024, 7]
    write(`${FOLDER}/long.jsonl`, lengths.map((length) => told('x'.repeat(length))).join('').trimEnd())
    expect(diaryOf('claude').read(home, scope).entries.map(({ text }) => text.length)).toEqual(lengths.filter((length) => length < 32 * 1024 * 1024))
  })

  test('a database that is a link, or has a second name, is not opened', () => {
    HOMES.opencode?.()
    const folder = join(home, '.local/share/opencode')
    linkSync(join(folder, 'opencode.db'), join(folder, 'second'))
    expect(diaryOf('opencode').read(home, scope)).toEqual({ entries: [] })
    rmSync(join(folder, 'opencode.db'))
    symlinkSync(join(folder, 'second'), join(folder, 'opencode.db'))
    expect(diaryOf('opencode').read(home, scope)).toEqual({ entries: [] })
  })

  test('records of any shape break nothing, and no count is more than a number', () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    const odd = fc.record({ type: fc.constantFrom('user', 'assistant', 'response_item', 'event_msg', 'session_meta', 'gemini', 'cost-state', 'system'), cwd: fc.constant(PROJECT), timestamp: fc.constantFrom(iso(1), 7, null), id: value, message: fc.oneof(value, fc.record({ id: fc.string(), content: value, usage: value })), payload: fc.oneof(value, fc.record({ cwd: fc.constant(PROJECT), type: fc.constantFrom('message', 'token_count', 'function_call', 'x_call_output'), info: value, content: value, role: value, name: value })), content: value, tokens: value, toolCalls: value, thoughts: value, projectHash: value }, { requiredKeys: [] })
    fc.assert(fc.property(fc.array(odd, { maxLength: 8 }), fc.string(), (records, junk) => {
      const text = `${lines({ timestamp: iso(0), type: 'session_meta', payload: { cwd: PROJECT } })}${junk}\n${lines(...records)}`
      for (const path of [`${FOLDER}/a.jsonl`, '.codex/sessions/2026/11/21/rollout-1.jsonl', '.gemini/tmp/p/chats/session-1.jsonl']) write(path, text)
      for (const { diary } of AGENTS) {
        const { entries, spent } = diary?.read(home, scope) ?? { entries: [] }
        for (const entry of entries) expect(typeof entry.text).toBe('string')
        for (const amount of Object.values(spent ?? {})) expect(Number.isFinite(amount)).toBe(true)
      }
    }), { numRuns: 60 })
  })

  test('secrets are taken out, a text has a bound, and so has the whole', () => {
    const long = 'x'.repeat(70_000)
    const notes = { entries: [{ kind: 'said' as const, text: 'the key is hunter2hunter2' }, { kind: 'called' as const, tool: `hunter2hunter2 ${long}`, text: '' }, ...Array.from({ length: 200 }, () => ({ kind: 'answered' as const, text: long }))] }
    const order = { agent: 'a', home, scope, printed: '', known: [{ name: 'KEY', value: 'hunter2hunter2' }] }
    const { head, lines: kept } = readDiary({ read: () => notes }, order, (text) => {
      const { bytes, count } = redacted(Buffer.from(text), order.known)
      return { text: bytes.toString(), count }
    })
    expect(JSON.parse(kept[0] ?? '')).toEqual({ kind: 'said', text: 'the key is [secret: KEY]' })
    expect(JSON.parse(kept[1] ?? '')).toEqual({ kind: 'called', tool: `[secret: KEY] ${long}`.slice(0, 200), text: '' })
    expect(JSON.parse(kept[2] ?? '')).toEqual({ kind: 'answered', text: long.slice(0, 65_536), leftOut: 4464 })
    expect(head).toEqual({ transcript: { entries: kept.length, bytes: Buffer.byteLength(kept.join('\n')), cut: true, redacted: 2 } })
    expect(head.transcript?.bytes).toBeLessThan(8.5 * 1024 * 1024)
  })
})

describe('the reader', () => {
  const order = (agent: string, printed = '') => ({ agent, home, scope, printed, known: [] })

  test('tells what it has read, an entry per line', async () => {
    HOMES.claude?.()
    const { work, lines: kept } = await askReader(reader, order('claude'))
    expect(work).toEqual({ spent: SPENT.claude, transcript: { entries: 5, bytes: kept.length } })
    expect(kept.toString().split('\n').map((line) => (JSON.parse(line) as Entry).text)).toEqual(STORY.map(({ text }) => text))
  })

  test.each<[string, string, Spent]>([
    ['claude', `[{"type":"system"},{"type":"result","num_turns":3,"total_cost_usd":0.25,"usage":{"input_tokens":7,"output_tokens":5}}]`, { turns: 3, inputTokens: 7, cachedTokens: 0, outputTokens: 5, costUsd: 0.25 }],
    ['codex', '{"type":"turn.started"}\r\n{"type":"turn.completed","usage":{"input_tokens":30,"cached_input_tokens":4,"output_tokens":15}}\n', { inputTokens: 30, cachedTokens: 4, outputTokens: 15 }],
    ['gemini', 'loaded\n{\n "response": "x",\n "stats": { "models": { "a": { "tokens": { "prompt": 10, "candidates": 5, "cached": 2, "thoughts": 1, "tool": 0 } }, "b": { "tokens": { "prompt": 3 } } } }\n}\n', { inputTokens: 13, cachedTokens: 2, outputTokens: 6 }],
    ['gemini', '{"type":"init"}\n{"type":"result","stats":{"input_tokens":13,"output_tokens":6}}\n', { inputTokens: 13, outputTokens: 6 }],
    ['opencode', '{"type":"text"}\n{"type":"step_finish","part":{"cost":0.5,"tokens":{"input":4,"output":5,"reasoning":1,"cache":{"read":2,"write":0}}}}\n', { turns: 1, inputTokens: 6, cachedTokens: 2, outputTokens: 6, costUsd: 0.5 }],
  ])('what %s prints as JSON', (agent, printed, spent) => {
    expect(diaryOf(agent).printed?.(printed)).toEqual(spent)
    expect(diaryOf(agent).printed?.('{"type":"other"}\nAll done. {}\n')).toBeUndefined()
  })

  test('what was only printed counts where nothing was written', async () => {
    const printed = `hello\n${JSON.stringify({ type: 'result', num_turns: 3, total_cost_usd: 0.25, usage: { input_tokens: 7, output_tokens: 5 } })}\n`
    expect((await askReader(reader, order('claude', printed))).work).toEqual({ spent: { turns: 3, inputTokens: 7, cachedTokens: 0, outputTokens: 5, costUsd: 0.25 } })
  })

  test('nothing there, or nothing that can be read, is said and not guessed', async () => {
    expect((await askReader(reader, order('codex'))).work).toEqual({ unknown: 'it left no record of this run that Nexus can read' })
    HOMES.opencode?.()
    rmSync(join(home, '.local/share/opencode/opencode.db-wal'), { force: true })
    writeFileSync(join(home, '.local/share/opencode/opencode.db'), 'no database at all')
    expect((await askReader(reader, order('opencode'))).work.unknown).toMatch(/^its records could not be read: .*not a database/)
    expect((await askReader(join(home, 'no-such-program.ts'), order('claude'))).work.unknown).toMatch(/^its records could not be read: /)
  })

  test('a table that never ends is given up', async () => {
    const folder = join(home, '.local/share/opencode')
    mkdirSync(folder, { recursive: true })
    using database = new DatabaseSync(join(folder, 'opencode.db'))
    database.exec('CREATE VIEW session AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, i AS directory, -i AS time_updated FROM n')
    expect((await askReader(reader, order('opencode'), 500)).work).toEqual({ unknown: 'its records could not be read: reading them took too long' })
  })

  test('half a record, of a session that still goes on, is left out', () => {
    HOMES.claude?.()
    appendFileSync(join(home, '.claude/projects/-home-me-work/s.jsonl'), '{"type":"assistant","mess')
    expect(diaryOf('claude').read(home, scope).entries).toHaveLength(STORY.length)
  })
})
