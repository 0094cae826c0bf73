/** `nexus shell RUN`: a terminal inside a layer. Its end seals the layer anew: a new digest, old approvals void. */
import { join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import type { RunRequest, RunStatus, ShellRequest } from '@nexus/protocol/runs'
import type { Log } from '../base/log.ts'
import type { Layer } from '../sandbox/layer.ts'
import type { Choice, Sandbox } from '../sandbox/sandbox.ts'
import type { KnownSecret, Secrets } from '../secrets/secrets.ts'
import type { State } from '../state/state.ts'
import type { Changes } from '../changes/changes.ts'
import type { Network } from '../network/network.ts'
import { interactiveShell } from './command.ts'
import { keepBefore } from './keep-before.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { Recorder } from './output.ts'
import { masksFor } from './masks.ts'
import { moreDenials, reachOf, type Reach } from './reach.ts'
import { layerOf, sealedFields, type Sealer } from './seal.ts'
import { belowOf, staleBecauseOf } from './stack.ts'
import { standing } from './standing.ts'
import { storedBytesOf } from './terms.ts'
import { unsaid } from './unsaid.ts'
import { verdictAfter } from './verdict.ts'

export interface ShellParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly changes: Changes
  readonly live: LiveRuns
  readonly network: Network
  readonly secrets: Secrets
  /** Those that Nexus keeps. */
  readonly known: () => readonly KnownSecret[]
  readonly log: Log
}

type Entry = ShellRequest & { readonly masks?: RunRequest['masks'] }

interface Opening {
  /** Throws Problem while nothing new may begin. */
  readonly requireReady: () => void
  readonly child: (child: { command: string[]; row: RunRow }) => Promise<string>
}

interface Visit {
  readonly row: RunRow
  readonly layer: Layer
  readonly choice: Choice
  readonly request: Entry
  readonly reach: Reach
}

export class Shell {
  readonly #parts: ShellParts

  constructor(parts: ShellParts) {
    this.#parts = parts
  }

  /** Returns the id of the run whose output and input are the terminal now; `child` starts a run of its own. */
  async open(id: string, request: Entry, actor: string, { requireReady, child }: Opening): Promise<string> {
    const { ledger, sandbox } = this.#parts
    const row = ledger.row(id)
    // Others stand on it, or it is on the host: neither changes under their feet.
    if (row.status === 'applied' || ledger.needing(id).length > 0) return child({ command: interactiveShell(), row })
    const layer = layerOf(row)
    if (!layer || !['kept', 'unchanged', 'failed'].includes(row.status)) throw new Problem('wrong-status', { run: id, status: row.status, action: 'entered' })
    const choice = await sandbox.choose(row.backend, row.project)
    const parents = await standing(ledger, this.#parts.changes, layer.parents)
    const reach = reachOf(this.#parts.network, request.net, request.env)
    // Meanwhile a run may have begun that stands on it, or somebody has stopped everything.
    if (ledger.needing(id).length > 0) return child({ command: interactiveShell(), row })
    requireReady()
    ledger.move(id, { to: 'running', event: 'run.shell-opened', actor, action: 'entered', payload: { digest: row.digest, net: request.net }, ...(request.net === 'on' ? { fields: { shellNet: 'on' } } : {}) })
    ledger.hold(id)
    void this.#live({ row, layer: { ...layer, parents }, choice, request, reach }, actor)
    return id
  }

  /** Never rejects; whatever goes wrong, nobody waits for it for ever. */
  async #live(visit: Visit, actor: string): Promise<void> {
    const { ledger, live, changes, secrets, log } = this.#parts
    const { row, layer, reach } = visit
    try {
      await this.#terminal(visit).catch((error: unknown) => log.error({ err: error, run: row.id }, 'shell failed'))
      await this.#reseal(row, layer, reach, actor)
      const denied = moreDenials(ledger.details(row.id), { denials: () => unsaid(reach.denials(), secrets, this.#parts.known()) })
      if (denied) ledger.note(row.id, 'run.network-denied', actor, {}, { denials: denied.denials?.length ?? 0 }, denied)
    } catch (error) {
      log.error({ err: error, run: row.id }, 'the end of a shell could not be recorded')
    } finally {
      live.remove(row.id)
      ledger.release(row.id)
    }
    await keepBefore(ledger, changes, row.id).catch((error: unknown) => log.warn({ err: error, run: row.id }, 'what the run saw could not be kept'))
  }

  /** From the first prompt to the last. */
  async #terminal({ row, layer, choice, request, reach }: Visit): Promise<void> {
    const { ledger, sandbox, live, state, secrets } = this.#parts
    const running = live.add(row.id, new Recorder(join(state.folder, 'output', `${row.id}.shell`), storedBytesOf(row)))
    try {
      const masks = await masksFor(ledger, secrets, { project: row.project, request: { ...row.request, masks: request.masks } }, [row, ...belowOf(ledger, row)])
      const launch = sandbox.launch(layer, choice, {
        argv: interactiveShell(), cwd: row.cwd, ...reach.order, ...masks, umask: request.umask, stdin: true, ...(row.limits ? { limits: row.limits } : {}), ...(request.pty ? { pty: request.pty } : {}),
      })
      running.launch = launch
      running.net = request.net ?? 'off'
      const filter = secrets.filter(this.#parts.known(), true, (stream, bytes) => running.recorder.write(stream, bytes))
      launch.onOutput((stream, chunk) => filter.take(stream, chunk))
      running.recorder.onHold((isHeld) => launch.hold(isHeld))
      if (running.abort.signal.aborted) launch.kill()
      const end = await launch.ended.finally(() => filter.end())
      if (end.type === 'failed') running.recorder.write('stderr', Buffer.from(`nexus: the sandbox could not be set up: ${end.step}: ${end.cause}\n`))
    } catch (error) {
      running.recorder.write('stderr', Buffer.from(`nexus: ${error instanceof Error ? error.message : String(error)}\n`))
      throw error
    }
  }

  async #reseal(row: RunRow, layer: Layer, reach: Reach, actor: string): Promise<void> {
    const { sealer, ledger, log } = this.#parts
    try {
      const sealed = await sealer.seal(row, layer)
      const { fields, details } = sealedFields(sealed)
      // A run that did not end by itself stays unappliable, however tidy a shell left it.
      const to: RunStatus = row.status === 'failed' ? 'failed' : sealed.changeSet.changes.length === 0 ? 'unchanged' : 'kept'
      // What was typed in there nobody judged: what the layer holds now, is.
      const verdict = row.verdict && verdictAfter(row.verdict, { changes: sealed.changeSet.changes, denials: reach.denials(), outside: sealed.outside.length })
      ledger.move(row.id, { to, event: 'run.resealed', actor, action: 'sealed', payload: { digest: sealed.changeSet.digest, counts: fields.counts, ...(verdict !== row.verdict ? { verdict } : {}) }, fields: { ...fields, ...(verdict ? { verdict } : {}), next: to === 'kept' ? `nexus apply ${row.id}${row.parents.length > 0 ? ' --with-parents' : ''}` : null }, details })
      ledger.moveAll(staleBecauseOf(ledger, ledger.row(row.id), actor))
    } catch (error) {
      log.error({ err: error, run: row.id }, 'reseal failed')
      ledger.move(row.id, { to: 'failed', event: 'run.failed', actor, action: 'sealed', payload: { endReason: 'seal-failed' }, fields: { endReason: 'seal-failed', next: null } })
    }
  }
}
