/**
 * The daemon's own log, ledger, access and server in one process, without the sandbox: runs whose events come at a given
 * pace. A line on stdin orders `COUNT PER_SECOND`; each answer is one line of JSON.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { RunsService } from '@nexus/protocol/runs'
import type { Status, SystemService } from '@nexus/protocol/system'
import { systemClock } from '../../daemon/src/base/clock.ts'
import { openLog } from '../../daemon/src/base/log.ts'
import { Ledger, summaryOf } from '../../daemon/src/runs/ledger.ts'
import { Access, secretIn } from '../../daemon/src/server/access.ts'
import { Server, type ServerParts } from '../../daemon/src/server/server.ts'
import { State } from '../../daemon/src/state/state.ts'
import { root } from '../nexus.ts'

const folder = process.argv[2] ?? ''
mkdirSync(folder, { recursive: true })
const clock = systemClock
using state = new State({ folder, migrations: join(root, 'migrations'), clock })
const ledger = new Ledger(state, clock)
const access = new Access(secretIn(join(folder, 'token')), clock.now)

// What the page asks for besides events.
const runs = {
  list: async ({ limit }: { limit: number }) => ({ runs: ledger.list({ limit }).map(summaryOf) }),
  get: async ({ run }: { run: string }) => ledger.run(run),
} as unknown as RunsService
const status = (): Status => ({
  version: '0', build: 'bench', pid: process.pid, startedAt: 0, uptimeMs: 0, home: folder, socket: '', url: null, killed: false, runs: { running: 0, waiting: 0, kept: 0 }, sandbox: null, ports: [], disk: state.ballast.disk, soon: { layers: 0, backups: 0, firstAt: null }, rssBytes: 0, head: state.head(),
})
const system = { status } as unknown as SystemService
await using server = new Server({
  home: { state: folder, config: folder, runtime: join(folder, 'run'), socket: join(folder, 'run/daemon.sock'), log: join(folder, 'log') }, port: 0, access, build: 'bench',
  dashboard: join(root, 'dashboard/dist'), isIdle: () => true, catchUp: async () => {}, log: openLog(join(folder, 'log'), 'info'), services: { runs, events: state, system } as unknown as ServerParts['services'], onLogin: () => undefined,
})
await server.start()

const IDS = 40
const choice = { backend: 'overlay', launcher: 'native', strength: 'full', walls: [] } as const
const limits = { memoryBytes: null, processes: null, cpus: null, timeMs: null, diskBytes: null, files: null, outputBytes: null }
const terms = { project: '/p', cwd: '/p', notes: [], verdict: { level: 'caution' as const, reasons: [] }, nestedSandboxes: false, limits }
const idOf = (index: number) => `rbench${String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26))}aaaaa`
for (let index = 0; index < IDS; index += 1) {
  ledger.create(idOf(index), { command: [`npm test ${index}`], cwd: '/p', env: {}, umask: 0o22, net: 'off', backend: 'auto', wish: 'keep', stdin: false }, choice, terms, 'bench')
}
console.log(JSON.stringify({ url: access.link({ opens: false }, { kind: 'person', via: 'socket' }).url, secret: secretIn(join(folder, 'token')) }))

/** Each event moves one run on, as a shell inside it would: its row in the list changes. */
let moved = 0
function next(): void {
  const id = idOf(moved % IDS)
  moved += 1
  ledger.move(id, ledger.row(id).status === 'running'
    ? { to: 'kept', event: 'run.resealed', actor: 'bench', action: 'sealed', payload: { digest: String(moved) }, fields: { digest: String(moved) } }
    : { to: 'running', event: 'run.started', actor: 'bench', action: 'started', fields: { startedAt: clock.now() } })
}

for await (const line of createInterface(process.stdin)) {
  const [count = 0, perSecond = 1] = line.split(' ').map(Number)
  const beganAt = performance.now()
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor((performance.now() - beganAt) * perSecond / 1000) + 1)
    while (sent < due) { next(); sent += 1 }
    await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond / 2))
  }
  console.log(JSON.stringify({ head: state.head(), tookMs: performance.now() - beganAt }))
}
