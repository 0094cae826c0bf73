import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Access } from './access.ts'

const SECRET = 'a'.repeat(43)

function asked(headers: Record<string, string>, socket = new Socket()): IncomingMessage {
  return { headers, socket } as IncomingMessage
}

function access(): Access {
  const made = new Access(SECRET, () => 0)
  made.listeningOn(8888)
  return made
}

test('an unknown Host is refused with 421, whatever the secret', () => {
  for (const host of ['evil.example:8888', 'localhost:8889', '127.0.0.1', '', 'localhost:8888.evil.example']) {
    expect(access().refusal(asked({ host, authorization: `Bearer ${SECRET}` }))?.status).toBe(421)
  }
  expect(access().refusal(asked({}))?.status).toBe(421)
})

test('a foreign Origin is refused with 403, also another port of localhost', () => {
  for (const origin of ['http://localhost:5173', 'https://localhost:8888', 'null', 'http://evil.example']) {
    expect(access().refusal(asked({ host: 'localhost:8888', origin }))?.status).toBe(403)
  }
  expect(access().refusal(asked({ host: 'localhost:8888', origin: 'http://localhost:8888' }))).toBeUndefined()
})

test('TCP needs the secret, as a header or as a connection parameter', () => {
  const host = 'localhost:8888'
  expect(access().actorOf(asked({ host, authorization: `Bearer ${SECRET}` }), null)).toEqual({ kind: 'person', via: 'tcp' })
  expect(access().actorOf(asked({ host }), { token: SECRET })).toEqual({ kind: 'person', via: 'tcp' })
  for (const authorization of ['', `Bearer ${SECRET}x`, `Bearer ${'b'.repeat(43)}`, `Basic ${SECRET}`]) {
    expect(() => access().actorOf(asked({ host, authorization }), { token: 7 })).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }))
  }
})

test('the unix socket needs neither', () => {
  const socket = new Socket()
  const made = access()
  made.trust(socket)
  expect(made.refusal(asked({ host: 'anything' }, socket))).toBeUndefined()
  expect(made.actorOf(asked({}, socket), null)).toEqual({ kind: 'person', via: 'socket' })
})
