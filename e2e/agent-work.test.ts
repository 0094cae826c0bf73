/** What an agent says it did and spent, beside its run: read from its own records, kept without secrets, shown without harm. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Transcript } from '@nexus/protocol/transcripts'
import { pretendClaude, STORY } from './agents/pretended-claude.ts'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'
import { ANSWERS } from './schemas.ts'

const KEY = 'key-of-the-person-0123456789'
let nexus: Nexus

beforeAll(() => {
  nexus = new Nexus()
  // What it may find of the person's outside of its home, and leaves a link to.
  write('home/.claude/projects/p/secret.jsonl', `${JSON.stringify({ type: 'user', cwd: nexus.project, timestamp: new Date(Date.now() + 60_000).toISOString(), message: { content: 'OF THE PERSON' } })}\n`)
  write('state/config.yaml', 'agents:\n  mine: { command: [sh, -c, "echo mine > file.txt"] }\n')
  write('project/file.txt', 'as it was\n')
  pretendClaude(nexus, STORY, `echo edited > file.txt; curl -s -o /dev/null http://telemetry.invalid/; mkdir -p ~/.claude/projects/p; ln -sf ${nexus.userHome}/.claude/projects/p ~/.claude/projects/away; ln -sf ${nexus.userHome}/.claude/projects/p/secret.jsonl ~/.claude/projects/p/link.jsonl`)
  nexus.env.ANTHROPIC_API_KEY = KEY
})
afterAll(() => nexus[Symbol.asyncDispose]())

function write(path: string, text: string): void {
  mkdirSync(dirname(join(nexus.base, path)), { recursive: true, mode: 0o700 })
  writeFileSync(join(nexus.base, path), text)
}

test(proves('one review: change set, denials, the check, what it spent; the transcript beside it, without secrets and without harm', 'SWARM-5', 'RUN-2'), async () => {
  const { run, code } = await nexus.json<{ run: Run }>('agent', '--keep', '--check', 'grep -q edited file.txt && echo tests pass', 'claude', '-p', 'work on it')
  expect(code).toBe(0)
  const { transcript, ...rest } = run.agent ?? { name: '' }
  expect(rest).toEqual({ name: 'claude', spent: { turns: 3, inputTokens: 4200, cachedTokens: 1200, outputTokens: 600 } })
  expect(transcript).toMatchObject({ entries: 5, redacted: 1 })
  expect(run.changes.map(({ path }) => path)).toEqual(['file.txt'])
  expect(run.check).toMatchObject({ exitCode: 0, output: 'tests pass\n' })

  const shown = (await nexus.call('show', run.id)).stdout
  expect(shown).toContain('claude: 3 turns, 4,200 in (1,200 cached) / 600 out')
  expect(shown).toContain(`nexus transcript ${run.id}: 5 entries`)
  expect(shown).toContain('denied network telemetry.invalid:80')
  expect(shown).toContain('✓ check passed')

  const { stdout, stderr } = await nexus.call('transcript', run.id)
  expect(stdout).toMatch(/^> asked\n {2}work on it\n~ thought\n {2}where is the key\? \[secret: ANTHROPIC_API_KEY\]\n\$ called Bash\\u202e\n[^]*= Bash\\u202e answered: failed\n {2}line 0\n[^]*< said\n/)
  // eslint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]|OF THE PERSON/)
  expect(stderr).toContain('by its own count')
  const answer = await nexus.json<Transcript>('transcript', run.id)
  expect(ANSWERS.transcript.parse(answer).entries.map(({ kind }) => kind)).toEqual(['asked', 'thought', 'called', 'answered', 'said'])
  expect(JSON.stringify(answer)).not.toContain(KEY)

  // What no row refers to goes; this is referred to.
  expect((await nexus.json('gc')).code).toBe(0)
  expect((await nexus.call('transcript', run.id)).code).toBe(0)
  expect((await nexus.json('apply', run.id)).code).toBe(0)
  expect(readFileSync(join(nexus.project, 'file.txt'), 'utf8')).toBe('edited\n')
  expect((await nexus.json('rollback', run.id)).code).toBe(0)
})

test('a second run tells its own part only; two at once say that they were two', async () => {
  const { run } = await nexus.json<{ run: Run }>('agent', '--discard', 'claude')
  expect(run.agent).toMatchObject({ spent: { turns: 3 }, transcript: { entries: 5 } })
  expect(run.agent?.transcript?.mixed).toBeUndefined()
  const both = await Promise.all([1, 2].map(() => nexus.json<{ run: Run }>('agent', '--discard', 'claude')))
  expect(both.map((one) => one.run.agent?.transcript?.mixed)).toContain(true)
})

test('what leaves no record that is known says so, and nothing is guessed', async () => {
  const { run } = await nexus.json<{ run: Run }>('agent', '--keep', 'mine')
  expect(run.agent).toEqual({ name: 'mine', unknown: 'Nexus does not know where it writes down what it does' })
  expect((await nexus.call('show', run.id)).stdout).toContain('mine: Nexus does not know where it writes down what it does')
  expect(await nexus.json('transcript', run.id)).toMatchObject({ code: 127, error: { code: 'no-transcript', message: `run ${run.id} has no transcript: Nexus does not know where it writes down what it does` } })
  const plain = await nexus.run('true')
  expect(await nexus.json('transcript', plain.id)).toMatchObject({ error: { message: `run ${plain.id} has no transcript: it is no run of an agent (nexus agent)` } })
})

test(proves('without the native launcher an agent reaches no more and no less', 'SWARM-5', 'RUN-9'), async () => {
  await using weaker = new Nexus({ env: { NEXUS_NATIVE: '/nonexistent/nexus-native' } })
  pretendClaude(weaker, STORY, 'curl -s -o /dev/null -w "%{http_code}\\n" http://telemetry.invalid/')
  const { run } = await weaker.json<{ run: Run }>('agent', '--keep', 'claude', '-p', 'x')
  expect({ strength: run.strength, stdout: run.stdout, denied: run.denials.map(({ target }) => target), turns: run.agent?.spent?.turns }, String(run.stderr)).toEqual({ strength: 'reduced', stdout: '403\nAll done.\n', denied: ['telemetry.invalid:80'], turns: 3 })
})
