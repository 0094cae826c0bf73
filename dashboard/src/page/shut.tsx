/** Nobody is let in without a link from the user's own terminal. */
import type { ProblemShape } from '@nexus/protocol/problem'
import { Copy } from './copy.tsx'

export function Shut({ problem }: { readonly problem?: ProblemShape | undefined }) {
  return (
    <main className="shut">
      <h1><img src="/favicon.svg" alt="" width="28" height="28" /> Nexus</h1>
      {problem ? <p role="alert" className="bad-words">{problem.message}.</p> : <p>This browser has not been let in yet.</p>}
      <p>In a terminal of this machine:</p>
      <Copy text="nexus dashboard" />
      <p className="quiet">It prints a link that is good once, for two minutes. This browser then stays let in for thirty days; it holds a secret of its own, and there is no cookie.</p>
    </main>
  )
}
