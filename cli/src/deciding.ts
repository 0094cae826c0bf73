/** After a run on a terminal: ask, do what was asked, ask again until it is decided. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Run } from '@nexus/protocol/runs'
import { carryOut } from './carrying-out.ts'
import type { Invocation } from './command.ts'
import { withCompanions } from './companions.ts'
import { exitCodeOfRun, metMovedHost } from './exit.ts'
import { confirmed, type Confirmed } from './critical.ts'
import { follow } from './following.ts'
import { left } from './leaving.ts'
import { safe } from '@nexus/protocol/readable'
import { commandLine } from '@nexus/protocol/words'
import { confirmOrExplain } from './screen/confirm.ts'
import { explanationLines } from './screen/explanation.ts'
import { tellOutcome } from './screen/outcome.ts'
import { page } from './screen/pager.ts'
import { paintPatch } from './screen/patch.ts'
import { summaryLines } from './screen/summary.ts'
import { agreesToAll, agreesToFlagged, together, type Together } from './together.ts'

export async function decide(invocation: Invocation, first: Run): Promise<number> {
  if (first.status === 'waiting') return decideWaiting(invocation, first)
  // Ink and React are 200 ms: only somebody who is asked pays for them.
  const { askDecision, askPaths } = await import('./screen/card.tsx')
  let run = first
  for (;;) {
    const answer = await askDecision({ hasMoved: metMovedHost(run), hasTranscript: run.agent?.transcript !== undefined })
    if (answer === 'keep') return kept(invocation, run)
    if (answer === 'discard') return discarded(invocation, run)
    if (answer === 'diff') await showDiff(invocation, run)
    if (answer === 'transcript') await page(await (await import('./commands/transcript.ts')).transcriptText(invocation, run.id), invocation.env)
    if (answer === 'shell') {
      run = await (await import('./commands/shell.ts')).enter(invocation, run.id)
      if (run.status === 'running') return left(invocation, run)
      if (run.status !== 'kept') return exitCodeOfRun(run, 'keep')
    }
    if (answer === 'rerun') return (await import('./rerunning.ts')).rerun(invocation, { run: run.id }, undefined)
    const chosen = answer === 'some' ? await askPaths(run) : []
    const paths = chosen.length > 0 ? await withCompanions(invocation, run, chosen) : []
    if (paths === null) continue
    const all = answer === 'apply' && (run.needs ?? []).length > 0 ? await together(invocation, run) : undefined
    const agrees = answer === 'apply' && (all === undefined || (await agreesToAll(invocation, run, all))) && (await agreesToFlagged(invocation, (all ?? run).changes))
    if (paths.length > 0 || agrees) {
      const word = await confirmed(invocation, all ?? run)
      if (word === null) continue
      const code = await apply(invocation, run, paths, all, word)
      if (code !== null) return code
      // The conflicts are known now: the card offers to run it again.
      run = (await invocation.client.runs.get.query({ run: run.id })).run
      if (run.status !== 'kept') return exitCodeOfRun(run, 'keep')
    }
  }
}

async function decideWaiting(invocation: Invocation, run: Run): Promise<number> {
  const { client, tell, errorTheme } = invocation
  const leaves = run.verdict?.leaves
  if (leaves) {
    tell(errorTheme.careful('This leaves the layer, and no rollback takes it back:'))
    for (const one of leaves) tell(`  ${safe(one)}`)
  } else tell(`This project can only be run with strength ${run.strength} (${run.backend} back end).`)
  if (!(await confirmOrExplain(leaves ? 'Run it?' : 'Run it so?', () => explain(invocation, run)))) {
    await client.runs.approve.mutate({ run: run.id, deny: true })
    return EXIT.refused
  }
  const ended = await follow(invocation, async () => (await client.runs.approve.mutate({ run: run.id, deny: false })).run, { streams: true, sendsInput: false, relays: run.pty })
  if (ended.status === 'running') return left(invocation, ended)
  for (const line of summaryLines(ended, invocation.errorTheme)) tell(line)
  return ended.status === 'kept' ? decide(invocation, ended) : exitCodeOfRun(ended, 'keep')
}

/** What its text says it would do, part by part. */
async function explain({ client, tell, errorTheme }: Invocation, { command, cwd, project }: Run): Promise<void> {
  const explanation = await client.safety.explain.query({ command: commandLine(command), cwd, project })
  for (const line of explanationLines(explanation, errorTheme, Math.min(process.stderr.columns ?? 80, 100))) tell(line)
}

function kept({ tell, errorTheme }: Invocation, run: Run): number {
  tell(`${errorTheme.accent('kept')} — nexus apply ${run.id}, nexus diff ${run.id}, nexus discard ${run.id}`)
  return exitCodeOfRun(run, 'keep')
}

async function discarded({ client, tell, errorTheme }: Invocation, run: Run): Promise<number> {
  await client.runs.discard.mutate({ run: run.id })
  tell(`${errorTheme.accent('discarded')}: nothing of it is left`)
  return exitCodeOfRun(run, 'keep')
}

async function showDiff({ client, env, errorTheme }: Invocation, run: Run): Promise<void> {
  const { patch } = await client.runs.diff.query({ run: run.id })
  await page(paintPatch(patch ?? '', errorTheme), env)
}

/** The digest is the one that was on the screen: if the layer was resealed meanwhile, the daemon refuses. Null: back to the card. */
async function apply(invocation: Invocation, run: Run, paths: readonly Bytes[], all: Together | undefined, word: Confirmed): Promise<number | null> {
  const { digest } = all ?? run
  const request = { run: run.id, paths: [...paths], withParents: all !== undefined, ...word, ...(digest === null ? {} : { digest }) }
  const result = await carryOut(invocation, 'applying', { run: run.id }, () => invocation.client.runs.applyChanges.mutate(request))
  if (result.conflicts.length > 0) return (await import('./settling.ts')).settleConflicts(invocation, run, { paths, withParents: all !== undefined, word })
  tellOutcome(invocation, 'applied', result, run.needs)
  return exitCodeOfRun(run, 'keep')
}
