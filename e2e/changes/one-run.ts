/** A project, one run over it, and the room in which it is decided about: what the tests of conflicts and of merges tell stories with. */
import type { Changes, ChangeSet, Ground, Outcome } from '../../daemon/src/changes/changes.ts'
import type { Lab } from './lab.ts'

export class OneRun implements AsyncDisposable {
  readonly lab: Lab
  readonly ground: Ground
  readonly changes: Changes
  readonly changeSet: ChangeSet

  constructor({ lab, ground, changes, changeSet }: Pick<OneRun, 'lab' | 'ground' | 'changes' | 'changeSet'>) {
    this.lab = lab
    this.ground = ground
    this.changes = changes
    this.changeSet = changeSet
  }

  rollback(): Promise<Outcome> {
    return this.changes.rollback({ run: 'r1', project: this.lab.project })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
  }
}
