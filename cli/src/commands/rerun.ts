/** `nexus rerun RUN` */
import { Problem } from '@nexus/protocol/problem'
import { flag, named, type Invocation } from '../command.ts'
import { rerun } from '../rerunning.ts'

export async function run(invocation: Invocation): Promise<number> {
  const wishes = (['apply', 'keep', 'discard'] as const).filter((name) => flag(invocation, name))
  if (wishes.length > 1) throw new Problem('usage', { what: `--${wishes.join(' and --')} exclude each other`, topic: 'rerun' })
  return rerun(invocation, named(invocation, invocation.words[0] ?? ''), wishes[0])
}
