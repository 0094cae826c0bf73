/** `nexus gc [--dry-run]` */
import type { GcResult } from '@nexus/protocol/system'
import { flag, type Invocation } from '../command.ts'
import { Progress } from '../screen/progress.ts'
import { bytes, day, plural } from '@nexus/protocol/words'

const SHOWN_LINES = 20

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
  for (const { run: id, bytes: size } of result.layers) print(`${verb} the layer of ${id}, untouched for 14 days  ${theme.dim(bytes(size))}`)
  for (const { run: id, bytes: size } of result.backups) print(`${verb} the way back of ${id}: its pre-images  ${theme.dim(bytes(size))}`)
  if (result.blobs.count > 0) print(`${verb} ${plural(result.blobs.count, 'output')} that no run refers to  ${theme.dim(bytes(result.blobs.bytes))}`)
  if (result.litter.count > 0) print(`${verb} ${plural(result.litter.count, 'piece')} of litter that a crash had left  ${theme.dim(bytes(result.litter.bytes))}`)
  print(result.freedBytes > 0 ? `${result.deleted ? 'freed' : 'would free'} ${theme.strong(bytes(result.freedBytes))}` : 'nothing is past its time')
  for (const line of soonLines(result.soon)) print(theme.dim(line))
  return 0
}

/** What goes next, by day: nobody should be surprised. */
function soonLines({ layers, backups }: GcResult['soon']): string[] {
  const lines = [
    ...layers.map(({ run: id, at }) => `from ${day(at)}: the layer of ${id}`),
    ...backups.map(({ run: id, at }) => `from ${day(at)}: the way back of ${id}`),
  ]
  if (lines.length === 0) return []
  const more = lines.length > SHOWN_LINES ? [`… and ${lines.length - SHOWN_LINES} more`] : []
  return [...lines.slice(0, SHOWN_LINES), ...more, 'keep one with: nexus pin RUN']
}
