/** `nexus discard RUN [--cascade]` */
import { flag, named, type Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const { run: of } = await client.runs.discard.mutate({ ...named(invocation, words[0] ?? ''), cascade: flag(invocation, 'cascade') })
  print(json ? JSON.stringify({ run: of }) : `${theme.good('✓ discarded')} ${of.id}`)
  return 0
}
