import { expect, test } from 'vitest'
import { gitconfigText, parseIdentity } from './gitconfig.ts'

test.each([
  ['[user]\n\tname = Ann Example\n\temail = ann@example.org\n', { name: 'Ann Example', email: 'ann@example.org' }],
  ['[USER]\nName=Ann   # comment\nEMAIL = "a;b#c"@x ; other\n', { name: 'Ann', email: 'a;b#c@x' }],
  ['[user] name = same line\n', { name: 'same line' }],
  ['[user]\nname = one\n[user]\nname = two\n', { name: 'two' }],
  ['[user "sub"]\nname = no\n[core]\nemail = no\n[includeIf "gitdir:x"]\nname = no\n', {}],
  ['[user]\nname = " quoted  " \nemail = a\\\nb\n', { name: ' quoted  ', email: 'ab' }],
  ['[user]\nname = tab\\tquote\\"backslash\\\\\n', { name: 'tab\tquote"backslash\\' }],
  ['[user]\r\nname = Windows\r\n', { name: 'Windows' }],
  ['name = before any section\n[user\nname = broken\n', {}],
])('%j', (text, identity) => {
  expect(parseIdentity(text)).toEqual(identity)
})

test('what is written is read again', () => {
  const identity = { name: 'A "B" \\ C\n#;\t', email: ' x@y ' }
  expect(parseIdentity(gitconfigText(identity) ?? '')).toEqual(identity)
  expect(gitconfigText({})).toBeUndefined()
})
