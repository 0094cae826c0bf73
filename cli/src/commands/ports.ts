/** `nexus ports [RUN [[HOSTPORT:]PORT…]] [--remove HOSTPORT]`: which ports of runs this machine reaches, and one more. */
import { Problem } from '@nexus/protocol/problem'
import { named, texts, type Invocation } from '../command.ts'
import { portLine, portsOf } from '../publishing.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { words: [name, ...words], client, json, print, theme } = invocation
  const removed = texts(invocation, 'remove').map((word) => portsOf([word], 'ports')[0]?.host ?? 0)
  if (name === undefined) {
    if (removed.length > 0) throw new Problem('usage', { what: '--remove needs a RUN', topic: 'ports' })
    const { ports } = await client.system.status.query()
    if (json) print(JSON.stringify({ ports }))
    else if (ports.length === 0) print(theme.dim('no port is published. nexus run --publish 3000 -- CMD, or: nexus ports RUN 3000'))
    else for (const port of ports) print(portLine(port, theme, port.run))
    return 0
  }
  const publish = portsOf(words, 'ports')
  const which = named(invocation, name)
  const { run: of } = publish.length + removed.length > 0 ? await client.runs.publish.mutate({ ...which, publish, withdraw: removed }) : await client.runs.get.query(which)
  const ports = (of.ports ?? []).map((port) => ({ run: of.id, ...port }))
  if (json) print(JSON.stringify({ ports }))
  else if (ports.length === 0) print(theme.dim(`no port of ${of.id} is published`))
  else for (const port of ports) print(portLine(port, theme, of.id))
  return 0
}
