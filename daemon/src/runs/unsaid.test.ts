import { expect, test } from 'vitest'
import type { Denial } from '@nexus/protocol/network'
import { secrets } from '../secrets/secrets.ts'
import { unsaid } from './unsaid.ts'

test('a host whose name holds a secret is told without it, though names come in lower case', () => {
  const denied: Denial = {
    kind: 'network', target: 'zq7wxcv9.example:443', host: 'zq7wxcv9.example', port: 443, count: 2, reason: 'not-listed', why: 'it is not on the list', allow: 'nexus run --net npm,zq7wxcv9.example -- …',
  }
  const [told] = unsaid([denied], secrets, [{ name: 'TOKEN', value: 'Zq7wXcV9' }])
  expect(told).toEqual({ ...denied, target: '[secret: TOKEN].example:443', host: '[secret: TOKEN].example', allow: 'nexus run --net npm,[secret: TOKEN].example -- …' })
  expect(unsaid([denied], secrets, [])).toEqual([denied])
})
