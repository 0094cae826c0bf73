/**
 * Runs in a mount namespace of its own: for each order it lays a real overlay, lets operations or a shell line work in it,
 * and writes down what the merged tree is. Orders come as lines of JSON, each is answered with a line: `done`, or what went
 * wrong. Arguments: where orders come from, where answers go (pipes with names). The end of the orders is the end.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { snapshot } from '../oracle.ts'
import { perform, type Operation } from './operations.ts'

export interface Order {
  readonly lowers: readonly string[]
  readonly upper: string
  readonly work: string
  readonly merged: string
  readonly userxattr: boolean
  readonly operations: readonly Operation[]
  readonly shell?: string
  readonly xattrs: boolean
  /** The file for what the merged tree is. */
  readonly answer: string
}

const [, , orders = '', answers = ''] = process.argv
const answer = fs.openSync(answers, 'w')
for await (const line of createInterface(fs.createReadStream(orders))) {
  try {
    carryOut(JSON.parse(line) as Order)
    fs.writeSync(answer, 'done\n')
  } catch (error) {
    fs.writeSync(answer, `${JSON.stringify(error instanceof Error ? error.stack : String(error))}\n`)
  }
}

function carryOut(order: Order): void {
  // Without `volatile` the end of each mount waits for the disk.
  const options = [`lowerdir=${order.lowers.join(':')}`, `upperdir=${order.upper}`, `workdir=${order.work}`, order.userxattr ? 'userxattr' : 'redirect_dir=on', 'volatile']
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options.join(','), order.merged])
  try {
    perform(order.merged, order.operations)
    if (order.shell !== undefined) execFileSync('bash', ['-c', order.shell], { cwd: order.merged, stdio: ['ignore', 'inherit', 'inherit'] })
    const entries = [...snapshot(order.merged, { xattrs: order.xattrs })].map(([path, entry]) => [path, { ...entry, mtimeNs: String(entry.mtimeNs) }])
    fs.writeFileSync(order.answer, JSON.stringify(entries))
  } finally {
    execFileSync('umount', [order.merged])
  }
}
