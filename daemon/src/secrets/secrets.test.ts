import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Redactor } from './redactor.ts'
import { redacted } from './secrets.ts'

/** Built here, so that nobody's scanner takes this file for a leak. */
const join = (...parts: string[]) => parts.join('')
const AZ = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789'
const SECRETS: readonly (readonly [name: string, value: string])[] = [
  ['AWS access key', join('AKI', 'A', 'IOSFODNN7EXAMPLE')], ['GitHub token', join('gh', 'p_', AZ.slice(0, 36))], ['GitHub token', join('github', '_pat_', AZ.slice(0, 40))], ['GitLab token', join('glp', 'at-', AZ.slice(0, 20))],
  ['npm token', join('np', 'm_', AZ.slice(0, 36))], ['Slack token', join('xo', 'xb-', '123456789012-', AZ.slice(0, 20))], ['Stripe key', join('sk', '_live_', AZ.slice(0, 24))], ['Anthropic key', join('sk-', 'ant-', 'api03-', AZ.slice(0, 40))],
  ['OpenAI key', join('sk-', 'proj-', AZ)], ['Google key', join('AI', 'za', AZ.slice(0, 35))], ['JWT', join('ey', 'Jhbgciaaaaaa.', 'ey', 'Jzdwiaaaaaaa.', AZ.slice(0, 20))],
]
const KEY = ['-----BEGIN', ' OPENSSH PRIVATE KEY-----\n', `${AZ}\n`.repeat(20), '-----END', ' OPENSSH PRIVATE KEY-----'].join('')

const clean = (text: string, known: { name: string; value: string }[] = []) => redacted(Buffer.from(text), known).bytes.toString()

/** In pieces as they may come. */
function inPieces(text: string, cuts: readonly number[], known: { name: string; value: string }[] = []): string {
  const redactor = new Redactor(known)
  const bytes = Buffer.from(text)
  const out: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = cuts[turn % cuts.length] ?? 1
    out.push(redactor.take(bytes.subarray(at, at + length)))
    at += length
  }
  return Buffer.concat([...out, redactor.flush()]).toString()
}

test('a known value is found in base64 wherever it stands in there, in both alphabets', () => {
  const known = [{ name: 'T', value: 'wXcV9>bN2?K4pLr8~yHs' }]
  for (const around of ['', 'u:', 'us:', 'use:', 'user:']) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const said = clean(Buffer.from(`${around}wXcV9>bN2?K4pLr8~yHs@host`).toString(encoding), known)
      expect(said).toContain('[secret: T]')
      expect(Buffer.from(said.replace('[secret: T]', ''), encoding).toString('latin1')).not.toMatch(/bN2|4pLr/)
    }
  }
})

test.each(SECRETS)('%s', (name, value) => {
  expect(clean(`before ${value} after ${value}\n`)).toBe(`before [secret: ${name}] after [secret: ${name}]\n`)
})

test.each([
  [join('AWS_SECRET_', 'ACCESS_KEY=', AZ.slice(0, 40)), 'AWS_SECRET_ACCESS_KEY=[secret: AWS secret key]'], ['DB_PASSWORD=hunter2hunter2', 'DB_PASSWORD=[secret: secret variable]'], ['export API_KEY="abc12345"', 'export API_KEY="[secret: secret variable]"'],
  ['postgres://ann:hunter2@db.example/x', 'postgres://ann:[secret: password in an address]@db.example/x'], [KEY, '[secret: private key]'], [`x ${KEY}\ny`, 'x [secret: private key]\ny'],
])('%#', (text, expected) => expect(clean(text)).toBe(expected))

test.each([
  'const token = getToken()', 'password: string', 'TOKEN=$TOKEN', 'SECRET=<your secret>', 'PASSWORD=changeme', 'http://localhost:3000/x@y', 'git@github.com:a/b.git', 'sk-learn is a library', 'task-force-one-two-three-four-five-six', 'eyJ is how it begins', 'npm_config_registry=x', 'AKIAshort',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', '----- BEGIN -----', 'desk-abcdefghijklmnop',
])('no secret: %s', (text) => expect(clean(text)).toBe(text))

test('wherever it is cut, a secret does not come through; everything else does, byte for byte', () => {
  const known = [{ name: 'MINE', value: 'tr0ub4dor&3 ünsafe' }]
  const secret = fc.constantFrom(...SECRETS.map(([, value]) => value), KEY, 'tr0ub4dor&3 ünsafe')
  const filler = fc.constantFrom('plain words\n', 'ünï\n', 'a b c ', '--\n', 'tr0 ', '-----\n', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', 'x -----BEGIN ')
  fc.assert(fc.property(fc.array(fc.tuple(filler, fc.option(secret, { nil: '' })), { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }), (parts, cuts) => {
    const text = parts.map(([words, value]) => `${words}${value}\n`).join('')
    const out = inPieces(text, cuts, known)
    for (const [, value] of parts) if (value !== '') expect(out.includes(value)).toBe(false)
    expect(out.includes('tr0ub4dor')).toBe(false)
    if (parts.every(([, value]) => value === '')) expect(out).toBe(text)
  }))
})

test('a known value, one byte at a time, in other clothes, and bytes that are no text', () => {
  const known = [{ name: 'MINE', value: 'p@ss wörd/1' }]
  const text = 'say p@ss wörd/1 and p%40ss%20w%C3%B6rd%2F1 and cEBzcyB3w7ZyZC8x now'
  expect(inPieces(text, [1], known)).toBe('say [secret: MINE] and [secret: MINE] and [secret: MINE] now')
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))
  expect(redacted(bytes, known)).toEqual({ bytes, count: 0 })
})

test('on a terminal a letter that may begin a secret is not held back', () => {
  const redactor = new Redactor([{ name: 'MINE', value: 'letmein123' }], { isTerminal: true })
  expect(redactor.take(Buffer.from('l')).toString()).toBe('l')
  expect(redactor.take(Buffer.from('now letmein')).toString()).toBe('now ')
  expect(redactor.take(Buffer.from('123\n')).toString()).toBe('[secret: MINE]\n')
})

test('a flood of what begins a secret is read once, not once for each beginning', () => {
  for (const beginning of ['-eyJ', '://a:', '-----BEGIN ', 'TOKEN=']) {
    const flood = beginning.repeat(2_000_000 / beginning.length)
    expect(inPieces(flood, [65_536], []).length).toBe(flood.length)
  }
})
