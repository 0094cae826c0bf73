/** Draws a question on stderr (stdout may be a pipe) until it is answered; then it leaves the screen. */
import type { ReactElement } from 'react'
import { render } from 'ink'

/** A key that was meant for the command must not answer: nothing is accepted so soon after a question appears. */
export const DEAF_MS = 300

export async function draw(treeOf: (done: () => void) => ReactElement): Promise<void> {
  const answered = Promise.withResolvers<void>()
  const app = render(treeOf(answered.resolve), { stdout: process.stderr, exitOnCtrlC: false, patchConsole: false })
  await Promise.race([answered.promise, app.waitUntilExit()])
  // Its last frame is empty.
  app.rerender(null)
  app.unmount()
  await app.waitUntilExit()
}
