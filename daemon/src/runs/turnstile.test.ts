import { expect, test } from 'vitest'
import { Turnstile } from './turnstile.ts'

test('lets so many through, the others in order, and forgets those who left', async () => {
  const turnstile = new Turnstile(1)
  const never = new AbortController()
  const impatient = new AbortController()
  const order: string[] = []
  const leaveFirst = await turnstile.enter(never.signal)
  const second = turnstile.enter(impatient.signal).then(() => order.push('second'), () => order.push('second left'))
  const third = turnstile.enter(never.signal).then((leave) => { order.push('third'); leave() })
  impatient.abort()
  await second
  leaveFirst()
  leaveFirst()
  await third
  const leave = await turnstile.enter(never.signal)
  leave()
  expect(order).toEqual(['second left', 'third'])
})
