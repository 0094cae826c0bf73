/** Waits for an apply or a rollback. Leaving early changes nothing about it: the daemon finishes, or its recovery does. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { ApplyResult, NamedRun, Progress as Done } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { subscribe } from './daemon/stream.ts'
import { Progress } from './screen/progress.ts'

const WORDS = { saving: 'saving what was', staging: 'writing what will be', changing: 'changing' } satisfies Record<Done['phase'], string>

const count = (paths: number) => paths.toLocaleString('en-US')

export async function carryOut({ tell, home }: Invocation, what: 'applying' | 'rolling back', run: NamedRun, work: () => Promise<ApplyResult>): Promise<ApplyResult> {
  using progress = new Progress(what)
  // Loses nothing when it fails: only the count is missing on the screen.
  progress.whenLong(async () => {
    for await (const { phase, done, total } of subscribe<Done>(home.socket, 'runs.progress', run)) progress.now(`${what}: ${WORDS[phase]}, ${count(done)} of ${count(total)}`)
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
