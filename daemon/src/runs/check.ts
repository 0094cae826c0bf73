/** --check: a shell line in a throw-away child layer over what the run left; its exit code gates --apply. */
import { toBytes } from '@nexus/protocol/bytes'
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { Changes } from '../changes/changes.ts'
import { argvOf } from './command.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { layerOf } from './seal.ts'
import type { Network } from '../network/network.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Handed } from './handed.ts'
import { masksFor } from './masks.ts'
import { moreDenials, reachOf, type Reach } from './reach.ts'
import { belowOf } from './stack.ts'
import { standing } from './standing.ts'
import { limitsFor } from './terms.ts'
import { inThrowAwayLayer, type RunInside } from './throw-away.ts'

/** The tail of the check's output that the run shows. */
const SHOWN_BYTES = 64 * 1024
/** `--check auto`: the project's own tests. */
const AUTO = 'auto'

/** One line for a shell at the top of the project; null where nothing is recognised. */
export type RecogniseTests = (run: RunInside, row: RunRow) => Promise<string | null>

export interface CheckParts {
  readonly sandbox: Sandbox
  readonly ledger: Ledger
  readonly live: Pick<LiveRuns, 'beside'>
  readonly changes: Pick<Changes, 'hasRedirects'>
  readonly network: Network
  readonly handed: Handed
  readonly secrets: Secrets
  readonly recogniseTests: RecogniseTests
}

export class Check {
  readonly #parts: CheckParts

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  async run(row: RunRow, choice: Choice, actor: string): Promise<void> {
    const base = layerOf(row)
    const { check: shown } = row.request
    if (!base || shown === undefined) return
    const { sandbox, ledger, live, changes, network, handed, secrets, recogniseTests } = this.#parts
    const { check: asked = shown } = handed.linesOf(row)
    // Beside the run from its first breath: whoever ends it there ends it.
    await live.beside(row.id, async (signal) => inThrowAwayLayer(sandbox, { name: `${row.id}-check`, project: row.project, choice, parents: await standing(ledger, changes, [base.upper, ...base.parents]), signal }, async (inside) => {
      const command = asked === AUTO ? await recogniseTests(inside, row) : asked
      const inHand = handed.of(row)
      const reach = reachOf(network, row.request.net, { ...row.request.env, ...inHand.env }, { keys: inHand.keys })
      const masks = await masksFor(ledger, secrets, row, belowOf(ledger, row))
      const check = command === null ? nothingToRun() : await carriedOut(inside, row, { ...reach, order: { ...reach.order, ...masks } }, { command, shown: asked === AUTO ? command : shown, cwd: asked === AUTO ? row.project : row.cwd, clean: (output) => secrets.redacted(output, inHand.known).bytes })
      ledger.note(row.id, 'run.checked', actor, { check, ...(check.exitCode === 0 ? {} : { next: `nexus show ${row.id}` }) }, { exitCode: check.exitCode, durationMs: check.durationMs }, moreDenials(ledger.details(row.id), reach))
    }))
  }
}

async function carriedOut(inside: RunInside, row: RunRow, reach: Reach, { command, shown, cwd, clean }: { command: string; shown: string; cwd: string; clean: (output: Buffer) => Buffer }) {
  const { request } = row
  const { end, output } = await inside({
    argv: argvOf([command]), cwd, ...reach.order, umask: request.umask, stdin: false,
    ...limitsFor(row),
  }, SHOWN_BYTES)
  return { command: shown, exitCode: exitCodeOf(end), signal: end.type === 'signalled' ? end.signal : null, durationMs: Math.round(end.durationMs), output: toBytes(clean(output)) }
}

/** Asked for tests that are not there: that is no pass. */
function nothingToRun() {
  return { command: AUTO, exitCode: null, signal: null, durationMs: 0, output: 'no test command is recognised in this project; name one: --check CMD\n' }
}

/** A check that could not even start, or was ended, did not pass. */
function exitCodeOf(end: LaunchEnd): number | null {
  return (end.type === 'exited' || end.type === 'not-found') && !end.stuck ? end.exitCode : null
}
