import { expect, test } from 'vitest'
import { PRESETS } from './net-presets.ts'
import { covers, isPersonal, parseNetRule, parseNetRules, shortened, type NetRule } from './net-rule.ts'

const rule = (text: string): NetRule => {
  const parsed = parseNetRule(text)
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed
}

test.each([
  ['Example.COM', { text: 'example.com', kind: 'name', host: 'example.com', ports: [80, 443] }],
  ['example.com.:8443', { text: 'example.com:8443', kind: 'name', host: 'example.com', ports: [8443] }],
  ['*.example.com', { text: '*.example.com', kind: 'below', host: '.example.com', ports: [80, 443] }],
  ['intranet:80', { text: 'intranet:80', kind: 'name', host: 'intranet', ports: [80] }],
  ['10.0.0.5:5432', { text: '10.0.0.5:5432', kind: 'address', host: '10.0.0.5', ports: [5432] }],
  ['[fd00::5]:80', { text: '[fd00::5]:80', kind: 'address', host: 'fd00::5', ports: [80] }],
  ['localhost:3000', { text: 'localhost:3000', kind: 'loopback', host: 'localhost', ports: [3000] }],
  ['127.0.0.1:3000', { text: '127.0.0.1:3000', kind: 'loopback', host: '127.0.0.1', ports: [3000] }],
  ['[::1]:3000', { text: '[::1]:3000', kind: 'loopback', host: '::1', ports: [3000] }],
  ['mirror.corp:443=10.0.0.5', { text: 'mirror.corp:443=10.0.0.5', kind: 'name', host: 'mirror.corp', ports: [443], address: '10.0.0.5' }],
])('%s', (text, parsed) => expect(parseNetRule(text)).toEqual(parsed))

test.each([
  '', ':80', 'example.com:0', 'example.com:65536', 'example.com:x', 'http://example.com', 'example.com/path', 'user@example.com', '*', '*.com', 'a.*.com', '*example.com', 'ex ample.com',
  '-a.com', 'a..b', 'localhost', '127.0.0.1', '[::1]', '0x7f.1:80', '2130706433:80', '127.1:80', '010.0.0.1:80', '1.2.3.256:80', '[::g]:80', 'localhost:80=10.0.0.1', '10.0.0.1=10.0.0.2', 'a.b=c.d', 'fd00::5',
])('%j is refused', (text) => expect(typeof parseNetRule(text)).toBe('string'))

test('every preset can be read, and none names an address', () => {
  for (const [name, { hosts }] of Object.entries(PRESETS)) for (const host of hosts) expect([name, isPersonal(rule(host))]).toEqual([name, false])
})

test('several at once, presets spelled out, each once; and back again', () => {
  const parsed = parseNetRules(['pypi, example.com', 'pypi.org'])
  expect('rules' in parsed && parsed.rules.map(({ text }) => text)).toEqual(['pypi.org', 'files.pythonhosted.org', 'example.com'])
  expect('rules' in parsed && shortened(parsed.rules)).toEqual(['pypi', 'example.com'])
  expect(parseNetRules([' , '])).toEqual({ fault: 'no host is named' })
  expect(parseNetRules(Array.from({ length: 201 }, (_, at) => `h${at}.example`))).toHaveProperty('fault')
})

test.each<[string, string, boolean]>([
  ['a.example', 'a.example', true], ['a.example', 'a.example:443', true], ['a.example:443', 'a.example', false], ['*.example.com', 'x.y.example.com', true], ['*.example.com', '*.y.example.com', true],
  ['*.example.com', 'example.com', false], ['*.example.com', '*.com.example', false], ['*.example.com', 'evilexample.com', false], ['x.example.com', '*.example.com', false], ['a.example', 'a.example=10.0.0.1', false],
  ['10.0.0.1', '10.0.0.1', true], ['10.0.0.1', '10.0.0.2', false], ['localhost:80', '127.0.0.1:80', false],
])('%s covers %s: %s', (outer, inner, does) => expect(covers(rule(outer), rule(inner))).toBe(does))
