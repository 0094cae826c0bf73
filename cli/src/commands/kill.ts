/** `nexus kill [RUN] [--release]` */
import { Problem } from '@nexus/protocol/problem'
import { flag, named, type Invocation } from '../command.ts'
import { duration } from '@nexus/protocol/words'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const release = flag(invocation, 'release')
  const [name] = words
  if (name !== undefined) {
    if (release) throw new Problem('usage', { what: 'nexus kill takes a RUN or --release, not both', topic: 'kill' })
    const { run: of } = await client.runs.kill.mutate({ ...named(invocation, name), reason: 'killed' })
    print(json ? JSON.stringify({ run: of }) : `${theme.bad('■ stopped')} ${of.id}; its layer is kept for a look: nexus show ${of.id}`)
    return 0
  }
  const result = await client.system.kill.mutate({ release })
  if (json) print(JSON.stringify(result))
  else if (release) print(`${theme.good('✓ released')}: runs may start again`)
  else {
    print(`${theme.bad('■ killed')} in ${duration(result.tookMs)}: ${result.stopped.length === 0 ? 'nothing was running' : `stopped ${result.stopped.join(', ')}`}${result.discarded.length > 0 ? `; discarded ${result.discarded.join(', ')}` : ''}`)
    print(theme.dim('nothing runs until: nexus kill --release'))
  }
  return 0
}
