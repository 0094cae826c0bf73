/**
 * Runs in a mount namespace of its own: lays a real overlay, lets operations or a shell line work in it, and writes
 * down what the merged tree is. Arguments: the order as JSON, and the file for the answer.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
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
}

const [order, answer] = [JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')) as Order, process.argv[3] ?? '']
const options = [`lowerdir=${order.lowers.join(':')}`, `upperdir=${order.upper}`, `workdir=${order.work}`, order.userxattr ? 'userxattr' : 'redirect_dir=on']
execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options.join(','), order.merged])
perform(order.merged, order.operations)
if (order.shell !== undefined) execFileSync('bash', ['-c', order.shell], { cwd: order.merged, stdio: ['ignore', 'inherit', 'inherit'] })
const entries = [...snapshot(order.merged, { xattrs: false })].map(([path, entry]) => [path, { ...entry, mtimeNs: String(entry.mtimeNs) }])
fs.writeFileSync(answer, JSON.stringify(entries))
