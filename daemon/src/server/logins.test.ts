import { expect, test } from 'vitest'
import { Logins } from './logins.ts'

const PORT = 8888
function at(begin = 1_000_000) {
  const clock = { now: begin }
  return { clock, logins: new Logins('s'.repeat(43), () => clock.now) }
}
const problem = (code: string) => expect.objectContaining({ code })

test('a link is good once', () => {
  const { logins } = at()
  const { code } = logins.link()
  const { secret } = logins.trade(code, PORT)
  expect(logins.accepts(secret, PORT)).toBe(true)
  expect(() => logins.trade(code, PORT)).toThrow(problem('login-link-void'))
})

test('and briefly', () => {
  const { logins, clock } = at()
  const { code, expiresAt } = logins.link()
  clock.now = expiresAt
  expect(() => logins.trade(code, PORT)).toThrow(problem('login-link-void'))
})

test('a code that nobody made opens nothing', () => {
  const { logins } = at()
  logins.link()
  for (const code of ['', 'x'.repeat(43)]) expect(() => logins.trade(code, PORT)).toThrow(problem('login-link-void'))
})

test('many links void the oldest only', () => {
  const { logins } = at()
  const codes = Array.from({ length: 21 }, () => logins.link().code)
  expect(() => logins.trade(codes[0] ?? '', PORT)).toThrow(problem('login-link-void'))
  expect(logins.trade(codes[1] ?? '', PORT).secret).toMatch(/\./)
})

test('the secret outlives the process, but neither its end, nor its port, nor the secret of the daemon', () => {
  const { logins, clock } = at()
  const { secret, expiresAt } = logins.trade(logins.link().code, PORT)
  const again = new Logins('s'.repeat(43), () => clock.now)
  expect(again.accepts(secret, PORT)).toBe(true)
  expect(again.accepts(secret, PORT + 1)).toBe(false)
  expect(new Logins('t'.repeat(43), () => clock.now).accepts(secret, PORT)).toBe(false)
  clock.now = expiresAt
  expect(again.accepts(secret, PORT)).toBe(false)
})

test('nothing that was changed is accepted', () => {
  const { logins } = at()
  const { secret } = logins.trade(logins.link().code, PORT)
  const [end = '', nonce = '', signature = ''] = secret.split('.')
  const later = `${(Number.parseInt(end, 36) + 1).toString(36)}.${nonce}.${signature}`
  for (const forged of ['', secret.slice(1), `${secret}x`, later, `${end}.${nonce}.`, `${end}.${nonce}.${'A'.repeat(43)}`]) expect(logins.accepts(forged, PORT)).toBe(false)
})
