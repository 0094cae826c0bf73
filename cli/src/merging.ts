/** Shows what settling conflicts would write, and asks. */
import type { Merged } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { confirm } from './screen/confirm.ts'
import { CHOICE_WORDS } from '@nexus/protocol/change-words'
import { safePath } from '@nexus/protocol/readable'
import { page } from './screen/pager.ts'
import { paintPatch } from './screen/patch.ts'
import { plural } from '@nexus/protocol/words'

export async function agreesToMerged({ tell, errorTheme, env }: Invocation, { changes, resolved, patch }: Pick<Merged, 'changes' | 'resolved' | 'patch'>): Promise<boolean> {
  const lines = paintPatch(patch.trimEnd(), errorTheme).split('\n')
  if (patch !== '' && lines.length > (process.stderr.rows ?? 24) - 6) await page(lines.join('\n'), env)
  else if (patch !== '') for (const line of lines) tell(line)
  for (const { path, choice } of resolved.slice(0, 20)) tell(`  ${errorTheme.strong(CHOICE_WORDS[choice].padEnd(11))} ${safePath(path)}`)
  if (resolved.length > 20) tell(`  … and ${resolved.length - 20} more`)
  if (changes.length === 0) return confirm('Leave the host as it is?')
  return confirm(`Write ${plural(changes.length, 'path')} to the host?`)
}
