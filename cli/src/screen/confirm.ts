/** A yes-or-no question on the terminal, answered with one key: y, and anything else means no. */
import { withKeys } from './keys.ts'

/** A key that was meant for something else must not be a yes. */
const DEAF_MS = 300

export async function confirm(question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `)
  const shownAt = performance.now()
  const answered = Promise.withResolvers<boolean>()
  const isYes = await withKeys((keys) => {
    const yes = /^y$/i.test(keys.toString())
    if (!yes || performance.now() - shownAt >= DEAF_MS) answered.resolve(yes)
  }, () => answered.promise)
  process.stderr.write(isYes ? 'yes\n' : 'no\n')
  return isYes
}
