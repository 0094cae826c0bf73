import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { throughNexus } from './hook.ts'
import { HOOKS } from './index.ts'

const said = (tool: string, input: object) => ({ hook_event_name: 'PreToolUse', cwd: '/p', tool_name: tool, tool_input: input })
const through = throughNexus('nexus')

test('a shell command goes through nexus, whatever is in it, and the rest of the input stays', () => {
  const answer = HOOKS.claude?.answer?.(said('Bash', { command: `echo 'a b' "$HOME" \`id\``, timeout: 5 }), through) as { hookSpecificOutput: { permissionDecision: string; updatedInput: { command: string; timeout: number } } }
  expect(answer.hookSpecificOutput.permissionDecision).toBe('allow')
  expect(answer.hookSpecificOutput.updatedInput.timeout).toBe(5)
  // A shell hands exactly that line to nexus.
  const words = execFileSync('sh', ['-c', `nexus() { printf '%s\\n' "$@"; }\n${answer.hookSpecificOutput.updatedInput.command}`], { encoding: 'utf8' })
  expect(words).toBe(`run\n--apply\n--\necho 'a b' "$HOME" \`id\`\n`)
})

test('gemini is answered in its own words', () => {
  expect(HOOKS.gemini?.answer?.(said('run_shell_command', { command: 'ls' }), through)).toEqual({ decision: 'allow', hookSpecificOutput: { hookEventName: 'BeforeTool', tool_input: { command: "nexus run --apply -- 'ls'" } } })
})

test.each(['claude', 'codex', 'gemini'])('%s: other tools and odd words are none of ours', (name) => {
  for (const other of [said('Edit', { file: 'a' }), said('Bash', {}), said('run_shell_command', { command: 7 }), null, 'text', {}]) expect(HOOKS[name]?.answer?.(other, through)).toBeUndefined()
})

test('the settings of each name the hook, and are what they say they are', () => {
  for (const name of ['claude', 'gemini']) expect(JSON.parse(HOOKS[name]?.settings('nexus') ?? '')).toHaveProperty('hooks')
  expect(HOOKS.codex?.settings('nexus')).toContain('command = "nexus hook codex"')
  expect(HOOKS.opencode?.settings('nexus')).toContain('"nexus run --apply -- "')
})
