/** The small print of a run: end, time, strength, where it ran; anything short of full strength is said every time. */
import { linkOf } from '@nexus/protocol/port-words'
import { safe, safePath } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { agentWords, bytes, duration } from '@nexus/protocol/words'
import { endOf } from './end.ts'
import { Verdict } from './verdict.tsx'

export function Facts({ run }: { readonly run: Run }) {
  const end = endOf(run)
  const missing = run.walls.filter(({ required, up }) => required && !up).map(({ name }) => name)
  return (
    <>
      {end && <span className={end.isBad ? 'bad-words' : 'good-words'}>{end.words}</span>}
      {run.verdict && <Verdict run={run} verdict={run.verdict} />}
      {run.durationMs !== null && <span>{duration(run.durationMs)}</span>}
      {run.usage && <span>{bytes(run.usage.maxRssBytes)}</span>}
      {run.agent && <span title="by its own count">{safe(agentWords(run.agent))}</span>}
      {run.flags.includes('host-network') && <span className="bad-words">host network</span>}
      {run.network && <span title={run.network.join('\n')}>network: {run.network.length === 1 ? safe(run.network[0] ?? '') : `${run.network.length} hosts`}</span>}
      {run.ports?.map((port) => <a key={port.host} className="port" href={linkOf(port)} target="_blank" rel="noopener noreferrer" title={`port ${port.inside} inside`}>127.0.0.1:{port.host}</a>)}
      {run.strength !== 'full' && <span className="careful-words" title={missing.join(', ')}>strength: {run.strength}</span>}
      {run.check && <span className={run.check.exitCode === 0 ? 'good-words' : 'bad-words'}>check {run.check.exitCode === 0 ? 'passed' : 'failed'}: <code>{safe(run.check.command)}</code></span>}
      {run.outside.length > 0 && <span title={run.outside.map(({ path }) => safePath(path)).join('\n')}>{run.outside.length} left outside</span>}
      <span className="mono project">{safe(run.cwd)}</span>
      <span className="mono id">{run.id}</span>
    </>
  )
}
