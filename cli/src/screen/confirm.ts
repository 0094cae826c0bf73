/** A yes-or-no question on the terminal, answered with one key: y, and anything else means no (or, where it is offered, e: explain). */
import { withKeys } from './keys.ts'

/** A key that was meant for something else must not be a yes. */
const DEAF_MS = 300

export async function confirm(question: string): Promise<boolean> {
  return (await answerTo(`${question} [y/N] `, /^y$/i)) === 'yes'
}

/** The same, with a third answer, as often as it is wanted: `e` says more, and the question comes again. */
export async function confirmOrExplain(question: string, explain: () => Promise<void>): Promise<boolean> {
  for (;;) {
    const answer = await answerTo(`${question} [y/N, e explains] `, /^[ye]$/i)
    if (answer !== 'explain') return answer === 'yes'
    await explain()
  }
}

async function answerTo(question: string, keyed: RegExp): Promise<'yes' | 'no' | 'explain'> {
  process.stderr.write(question)
  const shownAt = performance.now()
  const answered = Promise.withResolvers<'yes' | 'no' | 'explain'>()
  const answer = await withKeys((keys) => {
    const key = keys.toString()
    const meant = !keyed.test(key) ? 'no' : /e/i.test(key) ? 'explain' : 'yes'
    if (meant !== 'yes' || performance.now() - shownAt >= DEAF_MS) answered.resolve(meant)
  }, () => answered.promise)
  process.stderr.write(`${answer}\n`)
  return answer
}
