/** What a run printed, stdout then stderr, for reading: all of it up to a bound, else head and tail of both. */
import { showBytes } from '@nexus/protocol/bytes'
import type { Run } from '@nexus/protocol/runs'
import type { Runs } from '../runs/runs.ts'

const READ_MAX_BYTES = 16 * 1024 * 1024

export async function outputOf(runs: Pick<Runs, 'output'>, run: Run): Promise<{ text: string; isPartial: boolean }> {
  const { stdout, stderr, truncated } = run
  const isWhole = truncated.stdout + truncated.stderr === 0
  // Head and tail of each stream are at most 2 MiB; together with what is missing there, the whole.
  if (isWhole || truncated.stdout + truncated.stderr > READ_MAX_BYTES) return { text: `${showBytes(stdout)}\n${showBytes(stderr)}`, isPartial: !isWhole }
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  for await (const piece of runs.output({ run: run.id }, { after: 0, setsPace: false, follow: true }, undefined)) if (piece.type === 'output') parts[piece.stream].push(Buffer.from(piece.base64, 'base64'))
  return { text: `${Buffer.concat(parts.stdout).toString()}\n${Buffer.concat(parts.stderr).toString()}`, isPartial: false }
}
