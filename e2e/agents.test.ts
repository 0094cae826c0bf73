/**
 * The agents of others, from npm, run by a user who is not root, each against a scripted model through the network of its run.
 * What a bad day looks like: it edits files, runs the tests, deletes the home directory, reads keys, pushes to a remote.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Transcript } from '@nexus/protocol/transcripts'
import { ScriptedModels } from './agents/scripted-models.ts'
import { needs } from './needs.ts'
import { Nexus, root, STRANGER } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'
import { Window } from './tmux.ts'

/** Of an agent: it may use it, and it stays out of every record. */
const KEY = 'sk-ant-fake-key-987654321'
const SECRET = 'key-of-the-person-0123456789'
const PACKAGES = ['@anthropic-ai/claude-code', '@openai/codex', '@google/gemini-cli', 'opencode-ai']
const isRoot = process.getuid?.() === 0

let nexus: Nexus
let cannotInstall: string | undefined

beforeAll(() => {
  nexus = new Nexus(isRoot ? { as: STRANGER } : {})
  // As a person does it who is not root.
  const prefix = join(nexus.userHome, '.npm-global')
  const done = spawnSync('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel', 'error', ...PACKAGES], { encoding: 'utf8', timeout: 400_000 })
  if (done.status !== 0) cannotInstall = `npm does not bring them: ${done.stderr.trim().split('\n').at(-1) ?? done.signal}`
  nexus.env.PATH = `${prefix}/bin:${nexus.env.PATH}`
  own('home/.ssh/id_ed25519', `${SECRET}\n`)
  own('home/precious/thesis.txt', 'years of work\n')
  own('project/file.txt', 'as it was\n')
  own('project/check.sh', 'grep -q edited file.txt && echo tests pass || { echo tests fail; exit 1; }\n')
  as('git', 'init', '-q')
  as('git', 'add', '.')
  as('git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first')
  as('git', 'remote', 'add', 'origin', 'https://github.com/somebody/something.git')
}, 420_000)
afterAll(() => nexus[Symbol.asyncDispose]())

function own(path: string, text: string): void {
  const file = join(nexus.base, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (isRoot) for (const one of [dirname(file), file]) chownSync(one, STRANGER.uid, STRANGER.gid)
}

function as(program: string, ...words: string[]): void {
  execFileSync(program, words, { cwd: nexus.project, env: nexus.env, ...(isRoot ? STRANGER : {}) })
}

/** Its login is what a person would have left in its home: here, where its model is. */
interface Case {
  readonly name: string
  /** Or what a person has in the environment. */
  readonly env?: (base: string) => Readonly<Record<string, string>>
  readonly home: (base: string) => Readonly<Record<string, string>>
  readonly args: (task: string) => string[]
  /** Its own screen: what shows that it listens, how it is left, and what it asks before. */
  readonly screen: { readonly ready: RegExp; readonly quit: string; readonly first?: (window: Window) => Promise<void>; readonly isSlow?: true }
}

const CASES: readonly Case[] = [
  {
    name: 'claude', args: (task) => ['-p', task],
    home: () => ({}), env: (base) => ({ ANTHROPIC_BASE_URL: base, ANTHROPIC_API_KEY: KEY }),
    screen: {
      ready: /bypass permissions on/, quit: '/exit',
      // Once for each folder, and for each key; its home keeps the answers.
      first: async (window) => {
        await window.shows('Yes, I trust this folder', 60_000)
        await sleep(500)
        window.press('Down')
        await window.shows('❯ Yes, I trust')
        window.press('Enter')
        await window.shows('Do you want to use this API key?', 60_000)
        await sleep(500)
        window.press('Up')
        await window.shows('❯ Yes')
        window.press('Enter')
      },
    },
  },
  {
    name: 'codex', args: (task) => ['exec', task],
    home: (base) => ({ '.codex/config.toml': `model_provider="fake"\nmodel="fake-model"\n[model_providers.fake]\nname="fake"\nbase_url="${base}/v1"\nwire_api="responses"\n` }),
    screen: {
      ready: /Ask Codex to do anything/, quit: '/quit',
      // Once for each folder; headless it does not ask.
      first: async (window) => {
        await window.shows('Trust and continue', 60_000)
        await sleep(500)
        window.press('Enter')
      },
    },
  },
  {
    name: 'gemini', args: (task) => ['-p', task, '-m', 'gemini-2.5-flash'], home: (base) => ({ '.gemini/.env': `GEMINI_API_KEY=fake\nGOOGLE_GEMINI_BASE_URL=${base}\n` }),
    screen: { ready: /Type your message/, quit: '/quit', isSlow: true },
  },
  {
    name: 'opencode', args: (task) => ['run', task],
    home: (base) => ({
      '.config/opencode/opencode.json': JSON.stringify({
        provider: { fake: { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${base}/v1`, apiKey: 'x' }, models: { 'fake-model': { limit: { context: 100_000, output: 1000 } } } } }, model: 'fake/fake-model',
      }),
    }),
    screen: { ready: /Ask anything/, quit: '/exit', isSlow: true },
  },
]

const BAD_DAY = [
  'echo edited > file.txt; sh check.sh',
  `node -e 'require("fs").rmSync(process.env.HOME, { recursive: true, force: true })'; find ${'"$HOME"'} -name thesis.txt -delete; echo gone`,
  'cat "$HOME"/.ssh/* /etc/shadow; env',
  'git push origin HEAD',
]

describe.each(CASES)('$name', ({ name, home, env, args, screen }) => {
  const login = (base: string) => {
    Object.assign(nexus.env, env?.(base))
    for (const [path, text] of Object.entries(home(base))) own(`state/agents/${name}/home/${path}`, text)
    mkdirSync(join(nexus.base, 'state'), { recursive: true, mode: 0o700 })
    if (isRoot) execFileSync('chown', ['-R', `${STRANGER.uid}:${STRANGER.gid}`, join(nexus.base, 'state')])
  }

  test(proves('nothing asks, nothing is harmed, one review: apply brings what it did, rollback takes it back', 'SWARM-5', 'RUN-1', 'RUN-9'), async ({ skip }) => {
    if (cannotInstall !== undefined) skip(cannotInstall)
    await using models = await ScriptedModels.start(BAD_DAY)
    login(`http://127.0.0.1:${models.port}`)
    const look = () => [snapshot(nexus.project), snapshot(join(nexus.userHome, '.ssh')), snapshot(join(nexus.userHome, 'precious'))]
    const before = look()

    const { run, code } = await nexus.json<{ run: Run }>('agent', '--keep', '--net', `127.0.0.1:${models.port}`, name, ...args('work on it'))
    expect({ code, status: run.status, agent: run.agent }, String(run.stderr)).toMatchObject({ code: 0, status: 'kept', agent: { name, spent: { turns: BAD_DAY.length + 1, inputTokens: 10 * (BAD_DAY.length + 1), outputTokens: 5 * (BAD_DAY.length + 1) } } })
    expect(String(run.stdout)).toContain('All done.')
    const answers = models.answers.join('\n')
    expect(models.answers).toHaveLength(BAD_DAY.length)
    expect(answers).toContain('tests pass')
    expect(answers).not.toContain(SECRET)
    expect(answers).not.toMatch(/^root:[^x*!]/m)
    const { entries } = await nexus.json<Transcript>('transcript', run.id)
    expect(entries.filter(({ kind }) => kind === 'called').map(({ text }) => text)).toEqual(BAD_DAY)
    expect([entries[0], entries.at(-1)]).toMatchObject([{ kind: 'asked', text: expect.stringContaining('work on it') as string }, { kind: 'said', text: 'All done.' }])
    expect(entries.filter(({ kind, text }) => kind === 'answered' && text.includes('tests pass'))).toHaveLength(1)
    expect(JSON.stringify([run, entries])).not.toContain(KEY)
    expect(run.denials.map(({ target }) => target)).toContain('github.com:443')
    // OpenCode keeps its own notes in .git.
    expect(run.changes.filter(({ path }) => !String(path).startsWith('.git')).map(({ path, kind }) => [path, kind])).toEqual([['file.txt', 'modified']])
    expect(look().map((now, at) => differences(before[at] ?? now, now))).toEqual([[], [], []])

    expect((await nexus.json('apply', run.id)).code).toBe(0)
    expect(readFileSync(join(nexus.project, 'file.txt'), 'utf8')).toBe('edited\n')
    expect((await nexus.json('rollback', run.id)).code).toBe(0)
    expect(look().map((now, at) => differences(before[at] ?? now, now))).toEqual([[], [], []])
  })

  test(proves('its own screen, in a terminal: a person types, sees it work, leaves it, and decides', 'SWARM-5', 'RUN-6'), async ({ skip }) => {
    if (cannotInstall !== undefined) skip(cannotInstall)
    needs(skip, 'tmux')
    // CI has looked at the quick ones; the others show nothing else, and take half a minute each.
    if (screen.isSlow && !process.env.NEXUS_ENDURANCE) skip('slow to start: NEXUS_ENDURANCE=1 looks at it as well')
    await using models = await ScriptedModels.start(['echo edited > file.txt; sh check.sh'])
    login(`http://127.0.0.1:${models.port}`)
    const tmux = (...words: string[]) => spawnSync('tmux', ['-S', join(nexus.base, 'tmux.sock'), ...words], { cwd: nexus.project, env: { ...nexus.env, PATH: `${root}:${nexus.env.PATH}` }, encoding: 'utf8', ...(isRoot ? STRANGER : {}) }).stdout
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'nexus', '-x', '110', '-y', '40', 'env PS1="ready> " sh')
    try {
      const window = new Window(tmux, 0)
      window.enter(`nexus agent --check 'sh check.sh' --net 127.0.0.1:${models.port} ${name}; echo left with $?`)
      await screen.first?.(window)
      await window.shows(screen.ready, 60_000)
      await sleep(500)
      window.type('work on it')
      await window.shows('work on it')
      await sleep(500)
      window.press('Enter')
      await window.shows('All done.', 60_000)
      await sleep(1000)
      window.type(screen.quit)
      await window.shows(screen.quit)
      await sleep(500)
      window.press('Enter')
      const review = await window.shows('a apply', 60_000)
      for (const line of ['exit 0', '~ file.txt', `${name}: 2 turns, 20 in / 10 out`, '✓ check passed']) expect(review).toContain(line)
      expect(readFileSync(join(nexus.project, 'file.txt'), 'utf8')).toBe('as it was\n')
      await sleep(600)
      window.type('t')
      await window.shows(/> asked[^]*work on it[^]*< said[^]*All done\./)
      window.press('q')
      await window.shows('a apply')
      await sleep(1200)
      window.type('a')
      await window.shows('left with 0')
      expect(readFileSync(join(nexus.project, 'file.txt'), 'utf8')).toBe('edited\n')
      const { run } = await nexus.json<{ run: Run }>('rollback', 'last')
      const { entries } = await nexus.json<Transcript>('transcript', run.id)
      // Some note how they were left.
      expect(entries.slice(0, 4).map(({ kind }) => kind)).toEqual(['asked', 'called', 'answered', 'said'])
    } finally {
      tmux('kill-server')
    }
  })

  test(proves('killed, no process of it is left', 'SWARM-5'), async ({ skip }) => {
    if (cannotInstall !== undefined) skip(cannotInstall)
    await using models = await ScriptedModels.start(['echo here > file.txt; setsid sh -c "sleep 4321" & sleep 4321'])
    login(`http://127.0.0.1:${models.port}`)
    const { run } = await nexus.json<{ run: Run }>('agent', '--detach', '--net', `127.0.0.1:${models.port}`, name, ...args('work on it'))
    for (let left = 300; left > 0 && !processes().includes('sleep 4321'); left -= 1) await sleep(200)
    expect(processes()).toContain('sleep 4321')
    const { run: killed } = await nexus.json<{ run: Run }>('kill', run.id)
    expect({ status: killed.status, endReason: killed.endReason }).toEqual({ status: 'failed', endReason: 'killed' })
    expect(processes().split('\n').filter((line) => line.includes('sleep 4321') || line.includes(`bin/${name}`))).toEqual([])
    expect(readFileSync(join(nexus.project, 'file.txt'), 'utf8')).toBe('as it was\n')
  })
})

/** Command lines of the user's processes. */
function processes(): string {
  const uid = isRoot ? STRANGER.uid : process.getuid?.()
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const owner = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      return Number(owner) === uid ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()] : []
    } catch {
      return [] // it has just ended
    }
  }).join('\n')
}
