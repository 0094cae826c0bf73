/** Claude Code. */
import { verbIn, type Agent } from './agent.ts'
import { claudeDiary } from './diaries/claude.ts'

/** Sub-commands that do no work on the project. */
const HOUSEKEEPING = new Set(['config', 'mcp', 'install', 'update', 'doctor', 'migrate-installer', 'setup-token', 'plugin', 'plugins', 'auth', 'agents'])

export const claude: Agent = {
  name: 'claude', title: 'Claude Code', program: 'claude', install: '@anthropic-ai/claude-code',
  words: (args) => (HOUSEKEEPING.has(verbIn(args).verb ?? '') || isQuestion(args) ? args : ['--dangerously-skip-permissions', ...args]),
  // As root it refuses that mode unless it is told that a sandbox holds it. It must not call home, replace itself, or fetch plug-ins. What a folder's own
  // settings may start it asks, once, on its screen: its home serves all projects, so a folder that nobody trusts must not reach into it unasked.
  env: { IS_SANDBOX: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1', DISABLE_AUTOUPDATER: '1' },
  hosts: ['anthropic', 'claude.ai:443', 'console.anthropic.com:443', 'platform.claude.com:443'],
  keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL', 'ANTHROPIC_SMALL_FAST_MODEL'],
  home: { '.claude.json': `${JSON.stringify({ hasCompletedOnboarding: true, bypassPermissionsModeAccepted: true })}\n`, '.claude/settings.json': `${JSON.stringify({ skipDangerousModePermissionPrompt: true })}\n` },
  diary: claudeDiary,
}

export function isQuestion(args: readonly string[]): boolean {
  return args.some((word) => word === '--version' || word === '-v' || word === '--help' || word === '-h')
}
