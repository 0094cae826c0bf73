/** Codex CLI. */
import { isQuestion } from './claude.ts'
import { verbIn, type Agent } from './agent.ts'
import { codexDiary } from './diaries/codex.ts'

const NEVER_ASK = '--dangerously-bypass-approvals-and-sandbox'
const WITH_VALUE = ['-c', '--config', '-m', '--model', '-p', '--profile', '-C', '--cd', '-i', '--image', '--local-provider', '--enable', '--disable', '--add-dir']
/** Sub-commands that work on the project; they take the option behind their name. */
const WORKING = new Set(['exec', 'e', 'resume', 'fork', 'review'])
const HOUSEKEEPING = new Set(['login', 'logout', 'mcp', 'mcp-server', 'app-server', 'completion', 'features', 'debug', 'sandbox', 'apply', 'a', 'cloud', 'update', 'help', 'plugin'])

export const codex: Agent = {
  name: 'codex', title: 'Codex CLI', program: 'codex', install: '@openai/codex',
  words: (args) => {
    const { verb, at } = verbIn(args, WITH_VALUE)
    if (isQuestion(args) || (verb !== undefined && HOUSEKEEPING.has(verb))) return args
    if (verb !== undefined && WORKING.has(verb)) return [...args.slice(0, at + 1), NEVER_ASK, ...args.slice(at + 1)]
    return [NEVER_ASK, ...args]
  },
  env: {},
  hosts: ['openai', 'auth.openai.com:443', 'chatgpt.com:443'],
  keys: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'OPENAI_BASE_URL', 'CODEX_OSS_BASE_URL'],
  // It must not ask the network whether there is a newer one: that one would not come in here.
  home: { '.codex/config.toml': 'check_for_update_on_startup = false\n' },
  diary: codexDiary,
}
