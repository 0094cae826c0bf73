/** A secret typed or pasted on the terminal; nothing of it is shown, not even its length. Throws Problem `interrupted`. */
import { Problem } from '@nexus/protocol/problem'
import { withKeys } from './keys.ts'

const BACKSPACE = new Set(['\u007F', '\b'])
const CANCEL = new Set(['\u001B', '\u0003', '\u0004'])
/** A terminal may wrap what is pasted. */
const PASTED = /\u001B\[20[01]~/g

export async function askHidden(question: string): Promise<string> {
  process.stderr.write(`${question}: `)
  const answered = Promise.withResolvers<string | undefined>()
  let typed = ''
  const value = await withKeys((keys) => {
    for (const key of keys.toString().replace(PASTED, '')) {
      if (key === '\r' || key === '\n') return answered.resolve(typed)
      if (CANCEL.has(key)) return answered.resolve(undefined)
      if (BACKSPACE.has(key)) typed = typed.slice(0, -1)
      else typed += key
    }
    return undefined
  }, () => answered.promise)
  process.stderr.write('\n')
  if (value === undefined) throw new Problem('interrupted', { hint: 'nothing was kept' })
  return value
}
