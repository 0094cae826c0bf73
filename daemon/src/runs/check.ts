/** --check: a shell line in a throw-away child layer over what the run left; its exit code gates --apply. */
import { toBytes } from '@nexus/protocol/bytes'
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import { argvOf } from './command.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { layerOf } from './seal.ts'

/** The tail of the check's output that the run shows. */
const SHOWN_BYTES = 64 * 1024

export class Check {
  readonly #sandbox: Sandbox
  readonly #ledger: Ledger

  constructor(sandbox: Sandbox, ledger: Ledger) {
    this.#sandbox = sandbox
    this.#ledger = ledger
  }

  async run(row: RunRow, choice: Choice, actor: string): Promise<void> {
    const base = layerOf(row)
    const command = row.request.check
    if (!base || command === undefined) return
    const layer = await this.#sandbox.open(`${row.id}-check`, row.project, choice, [base.upper, ...base.parents])
    try {
      let output = Buffer.alloc(0)
      const launch = this.#sandbox.launch(layer, choice, {
        argv: argvOf([command]), cwd: row.cwd, env: row.request.env, umask: row.request.umask, net: row.request.net, stdin: false,
        ...(row.request.timeoutMs === undefined ? {} : { timeoutMs: row.request.timeoutMs }),
      })
      launch.onOutput((_stream, chunk) => { output = Buffer.concat([output, chunk]).subarray(-SHOWN_BYTES) })
      const end = await launch.ended
      const check = { command, exitCode: exitCodeOf(end), signal: end.type === 'signalled' ? end.signal : null, durationMs: Math.round(end.durationMs), output: toBytes(output) }
      this.#ledger.note(row.id, 'run.checked', actor, { check, ...(check.exitCode === 0 ? {} : { next: `nexus show ${row.id}` }) }, { exitCode: check.exitCode, durationMs: check.durationMs })
    } finally {
      await this.#sandbox.discard(layer.folder)
    }
  }
}

/** A check that could not even start, or was ended, did not pass. */
function exitCodeOf(end: LaunchEnd): number | null {
  return (end.type === 'exited' || end.type === 'not-found') && !end.stuck ? end.exitCode : null
}
