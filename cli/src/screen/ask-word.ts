/** A word typed on the terminal, shown as it is typed; Esc and Ctrl-C end with nothing. */
import { withKeys } from './keys.ts'

const BACKSPACE = new Set(['\u007F', '\b'])
const CANCEL = new Set(['\u001B', '\u0003', '\u0004'])

export async function askWord(question: string): Promise<string> {
  process.stderr.write(`${question}: `)
  const answered = Promise.withResolvers<string>()
  let typed = ''
  const word = await withKeys((keys) => {
    for (const key of keys.toString()) {
      if (key === '\r' || key === '\n') return answered.resolve(typed)
      if (CANCEL.has(key)) return answered.resolve('')
      if (BACKSPACE.has(key)) {
        if (typed !== '') process.stderr.write('\b \b')
        typed = typed.slice(0, -1)
      } else if (/^[a-z]$/i.test(key)) {
        typed += key
        process.stderr.write(key)
      }
    }
    return undefined
  }, () => answered.promise)
  process.stderr.write('\n')
  return word
}
