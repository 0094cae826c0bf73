import { describe, expect, test } from 'vitest'
import type { NetAnswer } from '@nexus/protocol/network'
import { parseNetRules } from '@nexus/protocol/net-rule'
import { Gate } from './gate.ts'

const OWN = '203.0.113.7'

function gateOf(words: string[], names: Record<string, string[][]> = {}, ask?: (host: string) => Promise<NetAnswer>) {
  const parsed = parseNetRules(words)
  if ('fault' in parsed) throw new Error(parsed.fault)
  const asked: string[] = []
  const resolve = async (host: string) => {
    asked.push(host)
    const answers = names[host] ?? []
    const [next] = answers.length > 1 ? answers.splice(0, 1) : answers
    if (!next) throw new Error(`ENOTFOUND ${host}`)
    return next
  }
  return { gate: new Gate({ rules: parsed.rules, resolve, ownAddresses: () => ['127.0.0.1', OWN], ...(ask ? { ask } : {}) }), asked }
}

const PUBLIC = [['93.184.215.14', '2606:2800::1']]

test.each<[string, number, string]>([
  ['a.example', 443, 'open'], ['A.Example.', 80, 'open'], ['a.example', 8080, 'port'], ['a.example', 22, 'port'], ['b.example', 443, 'not-listed'], ['x.a.example', 443, 'not-listed'], ['w.wild.example', 443, 'open'],
  ['deep.w.wild.example', 443, 'open'], ['wild.example', 443, 'not-listed'], ['evilwild.example', 443, 'not-listed'], ['a.example.evil.test', 443, 'not-listed'], ['ünicode.example', 443, 'open'], ['xn--nicode-2ya.example', 443, 'open'],
  ['10.0.0.5', 5432, 'open'], ['10.0.0.5', 443, 'port'], ['10.0.0.6', 5432, 'not-listed'], ['::ffff:10.0.0.5', 5432, 'open'], ['[fd00::5]', 80, 'open'], ['fd00:0:0::5', 80, 'open'], ['167772165', 5432, 'not-listed'], ['0xa.0.0.5', 5432, 'not-listed'],
  ['10.0.0.5.', 5432, 'not-listed'], ['localhost', 3000, 'open'], ['localhost', 3001, 'port'], ['127.0.0.1', 3000, 'not-listed'], ['169.254.169.254', 80, 'not-listed'], ['a.example\u0000.b', 443, 'not-listed'], ['a.example%00', 443, 'not-listed'],
  ['', 443, 'not-listed'], ['a.example/x', 443, 'not-listed'], ['[::1', 443, 'not-listed'], ['fe80::1%lo', 80, 'not-listed'], ['１０.0.0.5', 5432, 'not-listed'],
])('%j:%d is %s', async (host, port, expected) => {
  const names = { 'a.example': PUBLIC, 'w.wild.example': PUBLIC, 'deep.w.wild.example': PUBLIC, 'xn--nicode-2ya.example': PUBLIC }
  const { gate } = gateOf(['a.example', '*.wild.example', 'xn--nicode-2ya.example', '10.0.0.5:5432', '[fd00::5]:80', 'localhost:3000'], names)
  const passage = await gate.pass(host, port)
  expect(passage.type === 'denied' ? passage.denial.reason : passage.type).toBe(expected)
})

describe('a name that leads to a place that is not public', () => {
  test.each([['10.0.0.1'], ['127.0.0.1'], ['169.254.169.254'], ['::1'], ['::ffff:127.0.0.1'], ['fd00:ec2::254'], [OWN], ['8.8.8.8', '192.168.0.1']])('%s %s', async (...addresses) => {
    const { gate } = gateOf(['a.example'], { 'a.example': [addresses] })
    expect(await gate.pass('a.example', 443)).toMatchObject({ type: 'denied', denial: { reason: 'private' } })
  })

  test('unless a person says that it leads there', async () => {
    const { gate, asked } = gateOf(['a.example:8443=10.0.0.1'])
    expect(await gate.pass('a.example', 8443)).toEqual({ type: 'open', addresses: ['10.0.0.1'] })
    expect(asked).toEqual([])
  })

  test('one look-up serves a connection; the next one is looked at anew', async () => {
    const { gate, asked } = gateOf(['a.example'], { 'a.example': [['93.184.215.14'], ['127.0.0.1']] })
    expect(await gate.pass('a.example', 443)).toEqual({ type: 'open', addresses: ['93.184.215.14'] })
    expect(asked).toEqual(['a.example'])
    expect(await gate.pass('a.example', 443)).toMatchObject({ type: 'denied', denial: { reason: 'private' } })
  })

  test('many at once ask once', async () => {
    const { gate, asked } = gateOf(['a.example'], { 'a.example': PUBLIC })
    await Promise.all(Array.from({ length: 50 }, () => gate.pass('a.example', 443)))
    expect(asked).toEqual(['a.example'])
  })
})

test('a name without an address is no denial', async () => {
  const { gate } = gateOf(['a.example'])
  expect(await gate.pass('a.example', 443)).toMatchObject({ type: 'unknown' })
  expect(gate.denials).toEqual([])
})

test('denials are counted, say what would allow them, and do not fill the record', async () => {
  const { gate } = gateOf(['npm'])
  for (let round = 0; round < 3; round += 1) await gate.pass('b.example', 8443)
  expect(gate.denials).toEqual([{ kind: 'network', target: 'b.example:8443', host: 'b.example', port: 8443, count: 3, reason: 'not-listed', why: 'it is not on the list', allow: 'nexus run --net npm,b.example:8443 -- …' }])
  for (let at = 0; at < 500; at += 1) await gate.pass(`h${at}.example`, 443)
  expect(gate.denials).toHaveLength(100)
})

describe('a person who is asked', () => {
  const names = { 'b.example': PUBLIC }
  const asks = (...answers: NetAnswer[]) => {
    const heard: string[] = []
    const ask = async (host: string) => { heard.push(host); await Promise.resolve(); return answers[heard.length - 1] ?? 'deny' }
    return { heard, gate: gateOf(['a.example'], { ...names, 'private.example': [['10.0.0.1']] }, ask).gate }
  }
  const kinds = async (gate: Gate, host: string, times: number) => (await Promise.all(Array.from({ length: times }, () => gate.pass(host, 443)))).map(({ type }) => type)

  test('once: those that wait; the next one asks again', async () => {
    const { gate, heard } = asks('once', 'deny')
    expect(await kinds(gate, 'b.example', 3)).toEqual(['open', 'open', 'open'])
    expect(await kinds(gate, 'b.example', 1)).toEqual(['denied'])
    expect(await kinds(gate, 'b.example', 1)).toEqual(['denied'])
    expect(heard).toEqual(['b.example', 'b.example'])
    expect(gate.denials).toMatchObject([{ reason: 'refused', count: 2 }])
  })

  test('for this run: from now on', async () => {
    const { gate, heard } = asks('run')
    for (let round = 0; round < 3; round += 1) expect(await kinds(gate, 'b.example', 1)).toEqual(['open'])
    expect(heard).toEqual(['b.example'])
  })

  test('never about places that are not public, and a yes does not lead there', async () => {
    const { gate, heard } = asks('run', 'run', 'run')
    for (const host of ['10.0.0.1', '127.0.0.1', 'localhost', '169.254.169.254']) expect(await kinds(gate, host, 1)).toEqual(['denied'])
    expect(heard).toEqual([])
    expect(await kinds(gate, 'private.example', 1)).toEqual(['denied'])
    expect(gate.denials.at(-1)).toMatchObject({ reason: 'private' })
  })
})
