/** `nexus kill [RUN] [--proof] [--release]` */
import { Problem } from '@nexus/protocol/problem'
import type { Proof } from '@nexus/protocol/proof'
import type { Run } from '@nexus/protocol/runs'
import type { Receipt } from '@nexus/protocol/receipt'
import { duration, plural } from '@nexus/protocol/words'
import { flag, named, text, type Invocation } from '../command.ts'
import { proofOf } from '../proof.ts'
import { proofLines } from '../screen/proof.ts'
import { receiptLines } from '../screen/receipt.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, theme } = invocation
  const release = flag(invocation, 'release')
  const [name] = words
  if (release && (name !== undefined || flag(invocation, 'proof'))) throw new Problem('usage', { what: 'nexus kill takes a RUN (and --proof) or --release, not both', topic: 'kill' })
  if (name !== undefined) {
    const { run: of, receipt } = await client.runs.kill.mutate({ ...named(invocation, name), reason: 'killed' })
    return show(invocation, { run: of, receipt }, `${theme.bad('■ stopped')} ${of.id}`)
  }
  const result = await client.system.kill.mutate({ release })
  if (release) {
    invocation.print(invocation.json ? JSON.stringify(result) : `${theme.good('✓ released')}: runs may start again`)
    return 0
  }
  const ended = [...(result.stopped.length > 0 ? [`${plural(result.stopped.length, 'run')} ended`] : []), ...(result.discarded.length > 0 ? [`${plural(result.discarded.length, 'queued run')} discarded`] : [])]
  const code = await show(invocation, result, `${theme.bad('■ killed')} in ${duration(result.tookMs)}${ended.length > 0 ? `: ${ended.join(', ')}` : ''}`)
  if (!invocation.json) invocation.print(theme.dim('nothing runs until: nexus kill --release'))
  return code
}

interface Killed {
  readonly receipt?: Receipt | undefined
  readonly run?: Run
  readonly killed?: boolean
}

/** The receipt is on the screen before the trees are read: that may take its time, the kill is over. */
async function show(invocation: Invocation, result: Killed, headline: string): Promise<number> {
  const { json, print, theme, home } = invocation
  const { receipt } = result
  if (!json) for (const line of [headline, ...(receipt ? receiptLines(receipt, theme, process.stdout.columns ?? 80) : [])]) print(line)
  const proofs: Proof[] = []
  for (const project of flag(invocation, 'proof') ? await projectsOf(invocation, receipt) : []) {
    const proof = await proofOf(project, home)
    proofs.push(proof)
    if (!json) for (const line of proofLines(proof, theme)) print(line)
  }
  if (json) print(JSON.stringify({ ...result, ...(flag(invocation, 'proof') ? { proofs } : {}) }))
  return 0
}

/** Those of the runs; nothing was ended: the one around here, so that there is something to compare with later. */
async function projectsOf(invocation: Invocation, receipt: Receipt | undefined): Promise<string[]> {
  const { client, cwd, tell, errorTheme } = invocation
  const projects = [...new Set(receipt?.runs.map(({ project }) => project) ?? [])]
  if (projects.length > 0) return projects
  const own = text(invocation, 'project')
  try {
    return [(await client.settings.show.query({ cwd, ...(own === undefined ? {} : { project: own }) })).project]
  } catch (error) {
    // The kill has been carried out: that there is no project here must not look like a failure of it.
    if (!(error instanceof Problem)) throw error
    tell(errorTheme.dim(`no proof: ${error.message}`))
    return []
  }
}
