/** Waits for an apply or a rollback. Leaving early changes nothing about it: the daemon finishes, or its recovery does. */
import { PHASE_WORDS } from '@nexus/protocol/change-words'
import { EXIT } from '@nexus/protocol/exit-code'
import type { NamedRun } from '@nexus/protocol/named-run'
import type { Progress as Done } from '@nexus/protocol/run-output'
import type { ApplyResult } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { subscribe } from './daemon/stream.ts'
import { Progress } from './screen/progress.ts'

const count = (paths: number) => paths.toLocaleString('en-US')

export async function carryOut({ tell, home }: Invocation, what: 'applying' | 'rolling back', run: NamedRun, work: () => Promise<ApplyResult>): Promise<ApplyResult> {
  using progress = new Progress(what)
  // Loses nothing when it fails: only the count is missing on the screen.
  progress.whenLong(async () => {
    for await (const { phase, done, total } of subscribe<Done>(home.socket, 'runs.progress', run)) progress.now(`${what}: ${PHASE_WORDS[phase]}, ${count(done)} of ${count(total)}`)
  })
  const leave = () => {
    progress.stop()
    tell(`${what} goes on in the daemon: nexus show ${run.run} tells how it ended`)
    process.exit(EXIT.interrupted)
  }
  process.on('SIGINT', leave)
  try {
    return await work()
  } finally {
    process.off('SIGINT', leave)
  }
}
