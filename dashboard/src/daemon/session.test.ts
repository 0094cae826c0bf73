import { expect, test } from 'vitest'
import { openSession, type Door } from './session.ts'

function door(hash: string, stored: Record<string, string> = {}, answer: { status: number; body: unknown } | Error = { status: 200, body: { secret: 'new', expiresAt: 1 } }) {
  const asked: unknown[] = []
  const shown: unknown[] = []
  const made: Door = {
    location: { hash, pathname: '/' }, history: { replaceState: (_, __, url) => { shown.push(url) } },
    storage: { getItem: (key) => stored[key] ?? null, setItem: (key, value) => { stored[key] = value }, removeItem: (key) => { delete stored[key] } },
    fetch: async (path, init) => {
      asked.push([path, init.method, init.body])
      if (answer instanceof Error) throw answer
      return Response.json(answer.body, { status: answer.status })
    },
  }
  return { made, asked, shown, stored }
}
const VOID = { status: 401, body: { error: { code: 'login-link-void', message: 'used', next: 'again' } } }

test('a link is taken out of the address, traded and kept', async () => {
  const { made, asked, shown, stored } = door('#login=abc-_1')
  expect(await openSession(made)).toEqual({ type: 'open', secret: 'new' })
  expect({ asked, shown, stored }).toEqual({ asked: [['/login', 'POST', '{"code":"abc-_1"}']], shown: ['/'], stored: { 'nexus.secret': 'new' } })
})

test('without a link what is kept is used; with nothing kept the door stays shut', async () => {
  expect(await openSession(door('#/runs/rabc', { 'nexus.secret': 'old' }).made)).toEqual({ type: 'open', secret: 'old' })
  expect(await openSession(door('').made)).toEqual({ type: 'shut' })
})

test('a used link does no harm to somebody who is in already, and tells everybody else', async () => {
  expect(await openSession(door('#login=x', { 'nexus.secret': 'old' }, VOID).made)).toEqual({ type: 'open', secret: 'old' })
  expect(await openSession(door('#login=x', {}, VOID).made)).toEqual({ type: 'shut', problem: VOID.body.error })
})

test('nobody answers', async () => {
  expect(await openSession(door('#login=x', {}, new TypeError('Failed to fetch')).made)).toMatchObject({ type: 'shut', problem: { code: 'daemon-unreachable' } })
})
