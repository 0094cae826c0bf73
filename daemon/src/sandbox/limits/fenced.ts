/** A launch inside its fence: a limit that is reached ends it, and its end says so. */
import type { Launch, LaunchEnd } from '../launch.ts'
import type { Fence } from './fence.ts'

export function fenced(launch: Launch, fence: Fence): Launch {
  void fence.broken.then(() => launch.kill())
  return { ...launch, ended: launch.ended.then((end) => explained(end, fence)) }
}

/** A command that met a limit for a moment and still ended well was not ended by it. */
function explained(end: LaunchEnd, fence: Fence): LaunchEnd {
  const breach = fence.leave()
  const isWell = end.type === 'exited' && end.exitCode === 0
  return breach && !isWell && end.type !== 'timed-out' ? { type: 'limited', breach, durationMs: end.durationMs, usage: end.usage } : end
}
