/** A yes-or-no question on the terminal. Enter, Ctrl-C and Ctrl-D mean no. */
import { createInterface } from 'node:readline/promises'

export async function confirm(question: string): Promise<boolean> {
  // Ink lets go of stdin when it leaves: without this the process would end before the answer.
  process.stdin.ref()
  const asked = createInterface({ input: process.stdin, output: process.stderr })
  const closed = Promise.withResolvers<string>()
  asked.once('close', () => closed.resolve(''))
  try {
    return /^y(es)?$/i.test((await Promise.race([asked.question(`${question} [y/N] `), closed.promise])).trim())
  } finally {
    asked.close()
    process.stdin.unref()
  }
}
