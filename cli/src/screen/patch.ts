/** A unified patch in colour; what could command the terminal is shown instead. */
import { safeLines } from '@nexus/protocol/readable'
import type { Theme } from './theme.ts'

export function paintPatch(patch: string, theme: Theme): string {
  return safeLines(patch).split('\n').map((line) => paintLine(line, theme)).join('\n')
}

function paintLine(line: string, theme: Theme): string {
  if (/^(diff |index |new file|deleted file|old mode|new mode|rename |similarity|--- |\+\+\+ )/.test(line)) return theme.strong(line)
  if (line.startsWith('@@')) return theme.accent(line)
  if (line.startsWith('+')) return theme.good(line)
  if (line.startsWith('-')) return theme.bad(line)
  return line
}
