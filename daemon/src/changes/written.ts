/** What the journals say was written to the host since a moment. One that never came to `staged` wrote nothing there. */
import type { HostWrite } from './changes.ts'
import type { Journals } from './journal.ts'

export function writtenSince(journals: Journals, since: number): HostWrite[] {
  const found = journals.ends().flatMap(({ name, marks }): HostWrite[] => {
    const stagedAt = marks.get('staged')
    if (stagedAt === undefined) return []
    const doneAt = marks.get('done')
    const undoneAt = marks.get('undone')
    const endedAt = doneAt ?? undoneAt
    // What began before and ended later may have written at any time in between.
    if (endedAt !== undefined && endedAt < since) return []
    const plan = journals.read(name)?.plan
    if (!plan) return []
    return [{
      run: plan.run, project: plan.project, direction: plan.direction, at: endedAt ?? stagedAt,
      end: doneAt !== undefined ? 'done' : undoneAt !== undefined ? 'undone' : 'open', paths: plan.paths,
    }]
  })
  return found.sort((a, b) => a.at - b.at)
}
