/** `nexus events [--after SEQ] [--follow]`: one event per line; --follow outlives the daemon and goes on where it was. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Event } from '@nexus/protocol/events'
import { Problem } from '@nexus/protocol/problem'
import { flag, text, type Invocation } from '../command.ts'
import { subscribe } from '../daemon/stream.ts'
import { safe } from '@nexus/protocol/readable'

const PAGE = 1000
const AGAIN_MS = 500

export async function run(invocation: Invocation): Promise<number> {
  const { client, home } = invocation
  const after = Number(text(invocation, 'after') ?? 0)
  if (!Number.isInteger(after) || after < 0) throw new Problem('usage', { what: '--after is a sequence number', topic: 'events' })
  let seen = after
  for (;;) {
    const { events } = await client.events.list.query({ after: seen, limit: PAGE })
    for (const event of events) show(invocation, event)
    seen = events.at(-1)?.seq ?? seen
    if (events.length < PAGE) break
  }
  if (!flag(invocation, 'follow')) return 0
  for (let isBack = true; ; await pause(AGAIN_MS)) {
    try {
      for await (const event of subscribe<Event>(home.socket, 'events.follow', { after: seen })) {
        show(invocation, event)
        seen = event.seq
        isBack = true
      }
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'daemon-unreachable') throw error
    }
    if (isBack) invocation.tell('nexus: the daemon is away; the log goes on here when it is back')
    isBack = false
  }
}

function show({ json, print, theme }: Invocation, event: Event): void {
  if (json) return print(JSON.stringify(event))
  const payload = event.payload === undefined ? theme.dim('(payload deleted)') : theme.dim(safe(JSON.stringify(event.payload)).slice(0, 160))
  print(`${theme.dim(String(event.seq).padStart(6))}  ${new Date(event.at).toISOString()}  ${theme.strong(event.type.padEnd(18))} ${event.subject}  ${theme.dim(event.actor)}  ${payload}`)
}
