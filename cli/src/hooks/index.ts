/** The hooks of the agents that have one. */
import { commandIn, type Hook } from './hook.ts'

const claude: Hook = {
  place: '~/.claude/settings.json, or a file for claude --settings',
  settings: (nexus) => JSON.stringify({ hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: `${nexus} hook claude` }] }] } }, null, 2),
  answer: (said, through) => {
    const found = commandIn(said, ['Bash'])
    return found && { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', permissionDecisionReason: 'it runs in a layer of Nexus', updatedInput: { ...found.input, command: through(found.command) } } }
  },
}

const codex: Hook = {
  place: '~/.codex/config.toml',
  settings: (nexus) => `[[hooks.PreToolUse]]\nmatcher = "Bash"\n\n[[hooks.PreToolUse.hooks]]\ntype = "command"\ncommand = ${JSON.stringify(`${nexus} hook codex`)}`,
  ...(claude.answer ? { answer: claude.answer } : {}),
}

const gemini: Hook = {
  place: '~/.gemini/settings.json (that of the user: those of projects are not asked)',
  settings: (nexus) => JSON.stringify({ hooks: { BeforeTool: [{ matcher: 'run_shell_command', hooks: [{ type: 'command', command: `${nexus} hook gemini` }] }] } }, null, 2),
  answer: (said, through) => {
    const found = commandIn(said, ['run_shell_command'])
    return found && { decision: 'allow', hookSpecificOutput: { hookEventName: 'BeforeTool', tool_input: { ...found.input, command: through(found.command) } } }
  },
}

const opencode: Hook = {
  place: '~/.config/opencode/plugins/nexus.js, or .opencode/plugins/nexus.js in a project',
  settings: (nexus) => [
    String.raw`const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'"`,
    'export const Nexus = async () => ({',
    '  "tool.execute.before": async ({ tool }, { args }) => {',
    `    if (tool === "bash") args.command = ${JSON.stringify(`${nexus} run --apply -- `)} + quoted(args.command)`,
    '  },',
    '})',
  ].join('\n'),
}

export const HOOKS: Readonly<Record<string, Hook>> = { claude, codex, gemini, opencode }

export const HOOK_PROTECTS = [
  'protects: each shell command runs in a layer first. Outside the project nothing of it stays, the home is hidden, there is no',
  '  network; what it changed is applied when it ended well and nothing is flagged, and nexus rollback takes it back.',
  'does not protect: files that the agent changes with its own edit tools, MCP servers, sub-agents that no hook sees. For all',
  '  of that at once: nexus agent NAME, which runs the whole agent in one layer.',
]
