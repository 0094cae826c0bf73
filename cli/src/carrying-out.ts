/** Waits for an apply or a rollback. Leaving early changes nothing about it: the daemon finishes, or its recovery does. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { ApplyResult } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { Progress } from './screen/progress.ts'

export async function carryOut({ tell }: Invocation, what: 'applying' | 'rolling back', run: string, work: () => Promise<ApplyResult>): Promise<ApplyResult> {
  using progress = new Progress(what)
  const leave = () => {
    progress.stop()
    tell(`${what} goes on in the daemon: nexus show ${run} tells how it ended`)
    process.exit(EXIT.interrupted)
  }
  process.on('SIGINT', leave)
  try {
    return await work()
  } finally {
    process.off('SIGINT', leave)
  }
}
