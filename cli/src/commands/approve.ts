/** `nexus approve RUN [--deny]` */
import { flag, named, type Invocation } from '../command.ts'
import { exitCodeOfRun } from '../exit.ts'
import { follow } from '../following.ts'
import { left } from '../leaving.ts'
import { ownTerminal } from '../terminal.ts'
import { tellRun } from './run.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const which = named(invocation, words[0] ?? '')
  if (flag(invocation, 'deny')) {
    const { run: denied } = await client.runs.approve.mutate({ ...which, deny: true })
    print(json ? JSON.stringify({ run: denied }) : `${theme.bad('✗ denied')} ${denied.id}`)
    return 0
  }
  const { run: waiting } = await client.runs.get.query(which)
  const relays = waiting.pty && ownTerminal(invocation) !== undefined
  const ended = await follow(invocation, async () => (await client.runs.approve.mutate({ ...which, deny: false })).run, { streams: !json, sendsInput: false, relays })
  if (ended.status === 'running') return left(invocation, ended)
  if (json) print(JSON.stringify({ run: ended }))
  else tellRun(invocation, ended, 'keep', false)
  return exitCodeOfRun(ended, 'keep')
}
