/** `nexus rerun RUN` */
import { wishOf } from '../choices.ts'
import { named, type Invocation } from '../command.ts'
import { rerun } from '../rerunning.ts'

export async function run(invocation: Invocation): Promise<number> {
  return rerun(invocation, named(invocation, invocation.words[0] ?? ''), wishOf(invocation, 'rerun'))
}
