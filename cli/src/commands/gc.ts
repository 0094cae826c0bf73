/** `nexus gc [--dry-run]` */
import { flag, type Invocation } from '../command.ts'
import { Progress } from '../screen/progress.ts'
import { bytes, plural } from '@nexus/protocol/words'

export async function run(invocation: Invocation): Promise<number> {
  const { client, json, print, theme } = invocation
  using progress = new Progress('looking for what may go')
  const result = await client.system.gc.mutate({ dryRun: flag(invocation, 'dry-run') })
  progress.stop()
  if (json) {
    print(JSON.stringify(result))
    return 0
  }
  const verb = result.deleted ? 'deleted' : 'would delete'
  print(`${verb} ${plural(result.layers.length, 'layer')} older than 14 days, ${plural(result.backups.length, 'set')} of pre-images older than 30 days, ${plural(result.blobs.count, 'output')} that no run refers to: ${theme.strong(bytes(result.freedBytes))}`)
  return 0
}
