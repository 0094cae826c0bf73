/** A program that goes by the name of claude and writes records as it does: what an agent may leave, without its weight. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Nexus } from '../nexus.ts'

export interface Record {
  readonly type: 'user' | 'assistant'
  readonly content: unknown
  readonly output?: number
}

/** Puts it on the PATH of this Nexus. `script`: shell, before the records are written; `$KEY` in a record's text is the key it was handed. */
export function pretendClaude(nexus: Nexus, records: readonly Record[], script = 'true'): void {
  const folder = join(nexus.userHome, '.programs/bin')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'claude')
  writeFileSync(file, `#!/usr/bin/env node
const { spawnSync } = require('node:child_process')
const { appendFileSync, mkdirSync } = require('node:fs')
spawnSync('sh', ['-c', ${JSON.stringify(script)}], { stdio: 'inherit' })
const folder = process.env.HOME + '/.claude/projects/p'
mkdirSync(folder, { recursive: true })
for (const [at, { type, content, output }] of ${JSON.stringify(records)}.entries()) {
  const message = { id: 'm' + at, role: type, model: 'm', content, ...(output ? { usage: { input_tokens: 1000, cache_read_input_tokens: 400, output_tokens: output } } : {}) }
  const line = JSON.stringify({ type, cwd: process.cwd(), timestamp: new Date().toISOString(), message })
  appendFileSync(folder + '/s.jsonl', line.replaceAll('$KEY', process.env.ANTHROPIC_API_KEY ?? 'none') + '\\n')
}
console.log('All done.')
`)
  chmodSync(file, 0o755)
  nexus.env.PATH = `${folder}:${nexus.env.PATH}`
}

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script> \u001B]52;c;aGk=\u0007\u001B[2J\u202Eevil'

/** Somebody asks, it thinks, calls, is answered and says what it did; some of it is made to deceive whoever looks. */
export const STORY: readonly Record[] = [
  { type: 'user', content: 'work on it' },
  { type: 'assistant', output: 100, content: [{ type: 'thinking', thinking: 'where is the key? $KEY' }] },
  { type: 'assistant', output: 200, content: [{ type: 'tool_use', id: 't', name: 'Bash\u202E', input: { command: `echo ${EVIL}` } }] },
  { type: 'user', content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content: Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n') }] },
  { type: 'assistant', output: 300, content: [{ type: 'text', text: EVIL }] },
]
