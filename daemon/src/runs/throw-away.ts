/** A layer over a run's result, or over the project, that is gone when the work in it is done. */
import type { Launch, LaunchEnd, LaunchOrder } from '../sandbox/launch.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'

export interface ThrowAway {
  /** Names the folder: the sweep at start removes what a crash left. */
  readonly name: string
  readonly project: string
  readonly choice: Choice
  /** Uppers below, nearest first. */
  readonly parents: readonly string[]
  /** Ends what runs in it, and what is about to. */
  readonly signal?: AbortSignal
}

/** Runs one command in the layer; `output` is the last `keepBytes` of both streams as they came. */
export type RunInside = (order: LaunchOrder, keepBytes: number) => Promise<{ end: LaunchEnd; output: Buffer }>

export async function inThrowAwayLayer<Result>(sandbox: Sandbox, { name, project, choice, parents, signal }: ThrowAway, work: (run: RunInside) => Promise<Result>): Promise<Result> {
  const layer = await sandbox.open(name, project, choice, parents)
  try {
    return await work((order, keepBytes) => captured(() => sandbox.launch(layer, choice, order), keepBytes, signal))
  } finally {
    await sandbox.discard(layer.folder)
  }
}

async function captured(begin: () => Launch, keepBytes: number, signal: AbortSignal | undefined): Promise<{ end: LaunchEnd; output: Buffer }> {
  let kept: Buffer[] = []
  let bytes = 0
  const launch = begin()
  const kill = () => launch.kill()
  signal?.addEventListener('abort', kill)
  if (signal?.aborted) kill()
  launch.onOutput((_stream, chunk) => {
    kept.push(chunk)
    bytes += chunk.length
    // Joined only now and then: a chatty command must not cost a copy of everything per chunk.
    if (bytes < 2 * keepBytes) return
    kept = [Buffer.concat(kept).subarray(-keepBytes)]
    bytes = keepBytes
  })
  const end = await launch.ended
  signal?.removeEventListener('abort', kill)
  return { end, output: Buffer.concat(kept).subarray(-keepBytes) }
}
