/** How far an apply or a rollback is, whoever began it; for a small one this is gone before it is seen. */
import { useEffect, useState } from 'react'
import { PHASE_WORDS } from '@nexus/protocol/change-words'
import type { Run } from '@nexus/protocol/runs'
import type { Progress } from '@nexus/protocol/run-output'
import { useNexus } from '../page/nexus.ts'

const count = (paths: number) => paths.toLocaleString('en-US')

export function UnderWay({ run }: { readonly run: Run }) {
  const { stream, nextFrame } = useNexus()
  const [progress, setProgress] = useState<Progress>()
  useEffect(() => {
    let newest: Progress | undefined
    return stream.follow({
      procedure: 'runs.progress', input: () => ({ run: run.id }),
      onData: (data) => {
        if (newest === undefined) nextFrame(() => { setProgress(newest); newest = undefined })
        newest = data as Progress
      },
    })
  }, [stream, nextFrame, run.id])
  const words = run.status === 'applying' ? 'Applying' : 'Rolling back'
  return (
    <footer className="decision" aria-label="Decision" role="group">
      <p>{words}{progress ? `: ${PHASE_WORDS[progress.phase]}, ${count(progress.done)} of ${count(progress.total)}` : '…'}</p>
      {progress && <progress aria-label={words} value={progress.done} max={progress.total} />}
    </footer>
  )
}
