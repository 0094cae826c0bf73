/** Where runs are done: one process in a mount namespace of its own, for as many layers as there are. Asked and answered in turn. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Order } from './inside.ts'

const here = dirname(fileURLToPath(import.meta.url))
const isRoot = process.getuid?.() === 0

export class Workshop implements Disposable {
  readonly #folder = fs.mkdtempSync(join(tmpdir(), 'nexus-workshop-'))
  readonly #child: ChildProcess
  readonly #orders: number
  readonly #answers: number

  constructor() {
    const how = isRoot ? '-m' : '-Urm'
    // Below, opening a pipe waits for the other side: it must come.
    const tried = spawnSync('unshare', [how, 'true'], { encoding: 'utf8' })
    if (tried.status !== 0) throw new Error(`no namespaces here: ${tried.stderr}`)
    const [orders, answers] = [join(this.#folder, 'orders'), join(this.#folder, 'answers')]
    execFileSync('mkfifo', [orders, answers])
    this.#child = spawn('unshare', [how, process.execPath, join(here, 'inside.ts'), orders, answers], { stdio: ['ignore', 'ignore', 'inherit'] })
    this.#child.unref()
    this.#answers = fs.openSync(answers, 'r')
    this.#orders = fs.openSync(orders, 'w')
  }

  carryOut(order: Order): void {
    fs.writeSync(this.#orders, `${JSON.stringify(order)}\n`)
    const bytes = Buffer.alloc(64 * 1024)
    let text = ''
    while (!text.endsWith('\n')) {
      const length = fs.readSync(this.#answers, bytes)
      if (length === 0) throw new Error('the workshop has ended')
      text += bytes.subarray(0, length).toString()
    }
    if (text !== 'done\n') throw new Error(`the run failed: ${text}`)
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#orders)
    fs.closeSync(this.#answers)
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }
}
