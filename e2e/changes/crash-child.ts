/** A daemon that dies: carries out one order and kills itself (SIGKILL) before the n-th journal step. Writes the steps it passed. */
import fs from 'node:fs'
import { createChanges, type ApplyOrder } from '../../daemon/src/changes/changes.ts'

export interface CrashOrder {
  readonly nativePath: string | null
  readonly state: string
  readonly work: 'apply' | 'rollback' | 'recover'
  readonly run: string
  readonly ground: Omit<ApplyOrder['ground'], 'startedAtNs'> & { readonly startedAtNs: string }
  readonly changeSet: ApplyOrder['changeSet']
  /** Counted from 0; -1 lives to the end. */
  readonly dieAt: number
  readonly steps: string
}

const order = JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')) as CrashOrder
let passed = 0
const fault = (step: string): void => {
  fs.appendFileSync(order.steps, `${JSON.stringify(step)}\n`)
  if (passed++ === order.dieAt) process.kill(process.pid, 'SIGKILL')
}
const changes = await createChanges({ nativePath: order.nativePath, state: order.state, now: () => Date.now(), fault })
const { run } = order
const ground = { ...order.ground, startedAtNs: BigInt(order.ground.startedAtNs) }
switch (order.work) {
  case 'apply':
    await changes.apply({ run, ground, changeSet: order.changeSet, selected: order.changeSet.changes, named: true })
    break
  case 'rollback':
    await changes.rollback({ run, project: ground.project })
    break
  case 'recover':
    await changes.recover()
}
await changes[Symbol.asyncDispose]()
