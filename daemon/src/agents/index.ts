/** The agents that Nexus knows by itself. To add one: one file beside this, one line here; or an entry in the settings. */
import type { Agent } from './agent.ts'
import { claude } from './claude.ts'
import { codex } from './codex.ts'
import { gemini } from './gemini.ts'
import { opencode } from './opencode.ts'

export const AGENTS: readonly Agent[] = [claude, codex, gemini, opencode]
