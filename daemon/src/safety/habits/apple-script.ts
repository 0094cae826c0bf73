/** AppleScript speaks to other programs: what they are told, is what happens. */
import type { Shell } from '../shell/shell.ts'

const LOSES = /\b(empty\s+(the\s+)?trash|delete|erase|move\s+.+\s+to\s+(the\s+)?trash)\b/i
const TYPES = /\b(keystroke|key\s+code|click|set\s+the\s+clipboard)\b/i
const ENDS = /\b(quit|close|kill)\b/i
const POWER = /\b(shut\s+down|restart|log\s+out|sleep)\b/i
const TELLS = /\btell\s+(app(lication)?|process|current)\b/i

export function judgeAppleScript(code: string, shell: Shell): void {
  if (/with\s+administrator\s+privileges/i.test(code)) shell.does('privilege', 'system', { target: 'as an administrator' })
  if (!TELLS.test(code)) return
  const target = code.replace(/\s+/g, ' ').slice(0, 80)
  if (LOSES.test(code)) shell.does('fs.delete', 'home', { target, amount: 'many' })
  else if (POWER.test(code)) shell.does('power', 'system', { target })
  else if (TYPES.test(code)) shell.does('exec.unknown', 'unknown', { target, note: 'types and clicks as the user would' })
  else if (ENDS.test(code)) shell.does('proc.kill', 'none', { target })
  else if (!/\b(get|name\s+of|count|return|exists|version)\b/i.test(code)) shell.does('unknown', 'none', { target })
}
