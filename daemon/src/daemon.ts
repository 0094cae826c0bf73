/**
 * The composition root: builds the rooms in order and hands each what it uses. Reads like a shopping list; what was
 * built is torn down in reverse, also when a later room fails to start.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { addedAgents } from './agents/added.ts'
import { Agents } from './agents/agents.ts'
import { AGENTS } from './agents/index.ts'
import { stopwatch, systemClock } from './base/clock.ts'
import { openLog } from './base/log.ts'
import { placeOf } from './base/project.ts'
import { createChanges } from './changes/changes.ts'
import { BUILD, VERSION, type Config } from './config.ts'
import { addressesHere, Network, resolveHere } from './network/network.ts'
import { Aftermath } from './runs/aftermath.ts'
import { Begin } from './runs/begin.ts'
import { Beside } from './runs/beside.ts'
import { Check } from './runs/check.ts'
import { Conflicts } from './runs/conflicts.ts'
import { Decisions } from './runs/decide.ts'
import { endAll } from './runs/ending.ts'
import { Execution } from './runs/execute.ts'
import { Handed } from './runs/handed.ts'
import { KillSwitch } from './runs/kill.ts'
import { LayerTree } from './runs/layer-tree.ts'
import { Ledger } from './runs/ledger.ts'
import { LiveRuns } from './runs/live.ts'
import { Ports } from './runs/ports.ts'
import { Receipts } from './runs/receipt.ts'
import { recoverRuns } from './runs/recover.ts'
import { Retention } from './runs/retention.ts'
import { nameOf, Runs } from './runs/runs.ts'
import { Sealer } from './runs/seal.ts'
import { Shell } from './runs/shell.ts'
import { inThrowAwayLayer } from './runs/throw-away.ts'
import { Squash } from './runs/squash.ts'
import { Turnstile } from './runs/turnstile.ts'
import { Safety } from './safety/safety.ts'
import { createSandbox, environmentInside } from './sandbox/sandbox.ts'
import { Access, secretIn } from './server/access.ts'
import { KeptSecrets } from './secrets/kept.ts'
import { secrets } from './secrets/secrets.ts'
import { DASHBOARD_PORT } from './server/listen.ts'
import { Server } from './server/server.ts'
import { Settings } from './settings/settings.ts'
import { State } from './state/state.ts'
import { Credentials } from './system/credentials.ts'
import { Housekeeping } from './system/housekeeping.ts'
import { System } from './system/system.ts'
import { ECOSYSTEMS } from './verify/ecosystems/index.ts'
import { look, recogniseTests } from './verify/look.ts'
import { Verify } from './verify/verify.ts'

export interface Daemon extends AsyncDisposable {
  readonly url: string | null
}

/** Resolves when the daemon listens. `stop` is called when a client asks it to end. Throws Problem. */
export async function startDaemon(config: Config, stop: () => void): Promise<Daemon> {
  await using rooms = new AsyncDisposableStack()
  const { home, userHome } = config
  mkdirSync(home.state, { recursive: true, mode: 0o700 })
  const clock = systemClock
  const state = rooms.use(new State({ folder: home.state, migrations: config.migrations, clock }))
  const log = openLog(home.log, config.logLevel)

  const sandbox = createSandbox({ nativePath: config.native, ferry: config.ferry, state: home.state, userHome, path: config.path, hidden: [home.config, home.runtime], clock })
  const changes = rooms.use(await createChanges({ nativePath: config.native, state: home.state, now: clock.now, relieved: (work) => state.ballast.relieved(work) }))

  const boundaries = { userHome, state: home.state }
  const settings = new Settings({ state, managed: config.managed, config: home.config, projectOf: ({ cwd, project }) => placeOf(cwd, project, boundaries).project, nameOf, now: clock.now })
  const network = new Network({ resolve: resolveHere, ownAddresses: addressesHere, log })
  const ledger = new Ledger(state, clock)
  const live = new LiveRuns()
  const kept = new KeptSecrets(home.state, clock.now)
  const handed = new Handed(kept, secrets.redacted)
  const ports = new Ports(ledger, live, config.port === null ? null : (config.port ?? DASHBOARD_PORT))
  const sealer = new Sealer(sandbox, changes)
  const receipts = new Receipts(ledger, changes, clock.now)
  const kill = new KillSwitch(state, ledger, live, receipts)
  const aftermath = new Aftermath(ledger, changes, log)
  const decisions = new Decisions(ledger, changes, sandbox, aftermath)
  const conflicts = new Conflicts(ledger, changes, clock.now)
  const check = new Check({ sandbox, ledger, live, changes, network, handed, secrets, recogniseTests: (run, row) => recogniseTests(run, row, ECOSYSTEMS) })
  const turnstile = new Turnstile(Math.max(4, 2 * availableParallelism()))
  const agents: Agents = new Agents({ agents: AGENTS, state: home.state, reader: config.diaryReader, fromSettings: (place) => addedAgents(settings.show(place)), start: (request, actor) => runs.start(request, actor) })
  const execution = new Execution({ agents, state, ledger, sandbox, sealer, check, decisions, changes, network, secrets, handed, ports, live, kill, turnstile, squash: new Squash({ state, ledger, changes, sandbox, log }), now: clock.now, log })
  const shell = new Shell({ state, ledger, sandbox, sealer, changes, network, secrets, known: () => kept.known(), live, log })
  const recovering = signOf(join(home.runtime, 'recovering'))
  const litter = await recoverRuns({ state, ledger, aftermath, sandbox, sealer, log })
  recovering[Symbol.dispose]()
  const safety = new Safety({ userHome, projectOf: (cwd, project) => placeOf(cwd, project, boundaries).project, now: stopwatch })
  const environment = (env: Readonly<Record<string, string>>) => environmentInside(env, userHome)
  const begin = new Begin({ state, ledger, sandbox, execution, kill, handed, live, ports, boundaries, settings, log, environment, judge: (question) => safety.verdictOf({ ...question, home: userHome }) })
  const runs: Runs = new Runs({ state, ledger, sandbox, changes, begin, decisions, conflicts, shell, handed, live, ports, beside: new Beside(state, ledger, live, receipts), boundaries, settings, environment })

  const verify = rooms.use(new Verify({ runs, sandbox, state, clock, nameOf, log, ecosystems: ECOSYSTEMS, inThrowAwayLayer: (own, place, work) => live.beside(null, (signal) => inThrowAwayLayer(own, { ...place, signal }, work)), look: (run, project) => look(run, project, ECOSYSTEMS) }))
  const retention = new Retention({ state, ledger, sandbox, changes, live, now: clock.now, log })
  const system: System = new System({
    state, ledger, sandbox, kill, retention, clock, nameOf, version: VERSION, build: BUILD, socket: home.socket, stop, url: () => server.url,
  })
  const access = new Access(secretIn(join(home.state, 'token')), clock.now)
  const server: Server = new Server({
    home, port: config.port, access, build: BUILD, dashboard: config.dashboard, isIdle: () => system.isIdle, catchUp: () => aftermath.catchUp(), log, services: { runs, layers: new LayerTree(ledger, runs), events: state, system, settings, verify, safety, agents, secrets: new Credentials({ kept, state, nameOf }) },
    onLogin: (expiresAt) => state.record({ type: 'access.granted', actor: 'person:tcp', subject: 'access', payload: { expiresAt } }),
  })
  rooms.use(server)
  await server.start()
  rooms.use(new Housekeeping({ litter, retention, isIdle: () => system.isIdle, log }))
  // Torn down first: clients that wait for a run still hear how it ended.
  rooms.defer(() => endRuns(live, ledger))

  // Known a moment later; a client that asks before then waits for the same probe.
  system.look().catch((error: unknown) => log.error({ err: error }, 'the sandbox could not be probed'))
  state.record({ type: 'system.started', actor: 'daemon', subject: 'system', payload: { version: VERSION, build: BUILD, url: server.url } })
  log.info({ url: server.url, socket: home.socket, build: BUILD }, 'ready')
  const running = rooms.move()
  return { url: server.url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Whoever waits for this start sees that it is not stuck. */
function signOf(path: string): Disposable {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, String(process.pid))
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

/** What runs ends with the daemon, and so does a check beside it, which did not pass then; the layers stay. */
async function endRuns(live: LiveRuns, ledger: Ledger): Promise<void> {
  live.close()
  const ended = endAll(live, { queued: new Set(), reason: 'daemon-died' })
  const patience = AbortSignal.timeout(5000)
  await Promise.all(ended.endings().map(({ id }) => ledger.settled(id, patience)))
}
