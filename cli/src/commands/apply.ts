/** `nexus apply RUN [PATH…]` */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Choice } from '@nexus/protocol/changes'
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import { carryOut } from '../carrying-out.ts'
import { flag, named, text, texts, type Invocation } from '../command.ts'
import { withCompanions } from '../companions.ts'
import { confirmed, type Confirmed } from '../critical.ts'
import { agreesToMerged } from '../merging.ts'
import { projectPaths } from '../paths.ts'
import { CHOICE_WORDS, CONFLICT_WORDS } from '@nexus/protocol/change-words'
import { conflictBlock } from '../screen/conflicts.ts'
import { safePath } from '@nexus/protocol/readable'
import { tellOutcome } from '../screen/outcome.ts'
import { plural } from '@nexus/protocol/words'
import { agreesToAll, agreesToFlagged, together } from '../together.ts'

const CHOICES = ['take', 'keep', 'skip'] as const satisfies readonly Choice[]

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, interactive } = invocation
  const [name = '', ...given] = words
  const { run: of } = await client.runs.get.query(named(invocation, name))
  const paths = projectPaths(given, invocation.cwd, of.project)
  const withParents = flag(invocation, 'with-parents') || (interactive && given.length === 0 && (of.needs ?? []).length > 0)
  const all = withParents ? await together(invocation, of) : of
  if (interactive && withParents && !flag(invocation, 'with-parents') && !(await agreesToAll(invocation, of, all))) return EXIT.waiting
  if (given.length === 0 && interactive && (of.status === 'kept' || of.status === 'rolled-back') && !(await agreesToFlagged(invocation, all.changes))) return nothingApplied(invocation, of)
  const word = await wordFor(invocation, of, all)
  if (word === null) return nothingApplied(invocation, of)
  if (isSettling(invocation)) {
    const code = await settle(invocation, of, paths, withParents, word)
    if (code !== null) return code
  }
  const digest = text(invocation, 'digest') ?? all.digest ?? undefined
  const whole = interactive && !withParents && digest === of.digest ? await withCompanions(invocation, of, paths) : paths
  if (whole === null) return nothingApplied(invocation, of)
  const result = await carryOut(invocation, 'applying', { run: of.id }, () => client.runs.applyChanges.mutate({ run: of.id, paths: whole, withParents, ...word, ...(digest === undefined ? {} : { digest }) }))
  if (json) print(JSON.stringify(result))
  else if (interactive && result.conflicts.length > 0) return (await (await import('../settling.ts')).settleConflicts(invocation, of, { paths, withParents, word })) ?? EXIT.conflict
  else tellOutcome(invocation, 'applied', result, of.needs)
  if (!json && given.length === 0 && result.applied.length > 0) tellLeftOut(invocation, of)
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}

/** `--confirm critical`, or the word typed by a person. */
async function wordFor(invocation: Invocation, of: Run, { verdict }: Pick<Run, 'verdict'>): Promise<Confirmed | null> {
  const given = text(invocation, 'confirm')
  if (given !== undefined && given !== 'critical') throw new Problem('usage', { what: `--confirm takes the word critical, not "${given}"`, topic: 'apply' })
  if (given === 'critical') return { confirm: given }
  return invocation.interactive && ['kept', 'rolled-back', 'applied'].includes(of.status) ? confirmed(invocation, { verdict }) : {}
}

/** Pipes, sockets and devices stay in the layer, whatever else was applied. */
function tellLeftOut({ tell }: Invocation, { changes }: Run): void {
  for (const { path, flags } of changes) if (flags.includes('special')) tell(`  left out: ${safePath(path)}, ${CONFLICT_WORDS.special}`)
}

function nothingApplied({ tell }: Pick<Invocation, 'tell'>, of: Run): number {
  tell(`nothing was applied; nexus apply ${of.id} PATH… applies some`)
  return EXIT.waiting
}

function isSettling(invocation: Invocation): boolean {
  return flag(invocation, 'merge') || flag(invocation, 'skip-rest') || CHOICES.some((choice) => texts(invocation, choice).length > 0)
}

/** Settles conflicts as the options say; a person sees the result before it is written, a script gets its digest. Null: there are none. */
async function settle(invocation: Invocation, of: Run, paths: string[], withParents: boolean, word: Confirmed): Promise<number | null> {
  const { client, json, print, tell, errorTheme, interactive } = invocation
  const choices = CHOICES.flatMap((choice) => projectPaths(texts(invocation, choice), invocation.cwd, of.project).map((path) => ({ path, choice })))
  const { run: _, ...merged } = await client.runs.merge.mutate({ run: of.id, paths, choices, merges: flag(invocation, 'merge'), skipRest: flag(invocation, 'skip-rest'), withParents })
  const { digest, conflicts, changes } = merged
  if (digest !== null && merged.resolved.length === 0) return null
  if (digest === null) {
    if (json) print(JSON.stringify(merged))
    else {
      for (const conflict of conflicts) for (const line of conflictBlock({ ...conflict, patches: undefined }, errorTheme)) tell(line)
      tell(`nothing was applied: ${conflicts.length} left to decide`)
      tell(`  next: nexus apply ${of.id} --merge --take PATH, --keep PATH or --skip PATH for each; --skip-rest for all`)
    }
    return EXIT.conflict
  }
  if (!interactive) {
    if (json) print(JSON.stringify(merged))
    else {
      if (merged.patch !== '') print(merged.patch.trimEnd())
      for (const { path, choice } of merged.resolved) tell(`  ${CHOICE_WORDS[choice].padEnd(11)} ${safePath(path)}`)
      tell(`nothing was applied yet: ${plural(changes.length, 'path')} ${changes.length === 1 ? 'waits' : 'wait'} for approval`)
      tell(`  next: nexus apply ${of.id} --digest ${digest}`)
    }
    return EXIT.waiting
  }
  if (!(await agreesToMerged(invocation, merged))) return EXIT.waiting
  const result = await carryOut(invocation, 'applying', { run: of.id }, () => client.runs.applyChanges.mutate({ run: of.id, paths: [], digest, ...word }))
  tellOutcome(invocation, 'applied', result, of.needs)
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
}
