/** `nexus pin RUN [--release]` */
import { flag, named, type Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const release = flag(invocation, 'release')
  const { run: of } = await client.runs.pin.mutate({ ...named(invocation, words[0] ?? ''), release })
  if (json) print(JSON.stringify({ run: of }))
  else if (release) print(`${theme.good('✓ released')} ${of.id}: it goes when its time is over`)
  else print(`${theme.good('✓ pinned')} ${of.id}: it stays until nexus pin ${of.id} --release`)
  return 0
}
