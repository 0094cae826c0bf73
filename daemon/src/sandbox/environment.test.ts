import { expect, test } from 'vitest'
import { environmentInside } from './environment.ts'

test('only allow-listed variables pass, and the home is the user\'s', () => {
  expect(environmentInside({ PATH: '/x', LANG: 'de_DE', LC_TIME: 'C', LC_TOKEN: 's', TERM: 'xterm', HOME: '/evil', AWS_SECRET_ACCESS_KEY: 's', NEXUS_HOME: '/n', LD_PRELOAD: '/l.so', SSH_AUTH_SOCK: '/s', TZ: undefined }, '/home/ann'))
    .toEqual({ PATH: '/x', LANG: 'de_DE', LC_TIME: 'C', TERM: 'xterm', HOME: '/home/ann', GIT_OPTIONAL_LOCKS: '0' })
})

test('inside is as outside: CI and NO_COLOR only when the caller has them', () => {
  expect(Object.keys(environmentInside({}, '/h'))).toEqual(['PATH', 'HOME', 'GIT_OPTIONAL_LOCKS'])
  expect(environmentInside({ CI: '1', NO_COLOR: '' }, '/h')).toMatchObject({ CI: '1', NO_COLOR: '' })
})
