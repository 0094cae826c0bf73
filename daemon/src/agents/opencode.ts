/** OpenCode. Its permissions come from its configuration, which it also takes from a variable. */
import type { Agent } from './agent.ts'
import { opencodeDiary } from './diaries/opencode.ts'

const ALLOWED = Object.fromEntries(['read', 'edit', 'glob', 'grep', 'list', 'bash', 'task', 'webfetch', 'external_directory', 'doom_loop', 'skill'].map((tool) => [tool, 'allow']))

export const opencode: Agent = {
  name: 'opencode', title: 'OpenCode', program: 'opencode', install: 'opencode-ai',
  words: (args) => args,
  env: { OPENCODE_PERMISSION: JSON.stringify(ALLOWED), OPENCODE_DISABLE_AUTOUPDATE: 'true', OPENCODE_DISABLE_MODELS_FETCH: 'true', OPENCODE_DISABLE_LSP_DOWNLOAD: 'true' },
  hosts: ['opencode.ai:443', 'models.dev:443', 'anthropic', 'openai', 'google', 'openrouter'],
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_CONFIG_CONTENT'],
  home: {},
  diary: opencodeDiary,
}
