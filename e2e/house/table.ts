/** The house as data: who may know whom, and which things have one place. HOUSE in words, here as a table. */

/** Rooms of the daemon and the rooms they may call; what those may call is theirs, too. Everybody may use `base`. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  secrets: [],
  settings: ['state'],
  state: [],
  network: [],
  sandbox: ['state', 'secrets'],
  changes: ['state'],
  safety: ['state'],
  approvals: ['state'],
  runs: ['sandbox', 'changes', 'safety', 'approvals', 'settings', 'network', 'secrets'],
  audit: ['state'],
  models: ['state'],
  context: ['state', 'secrets'],
  // Starts runs; what a run of an agent has around it is handed to runs.
  agents: ['runs', 'settings'],
  verify: ['runs', 'sandbox', 'state'],
  sessions: ['runs', 'models', 'context'],
  workers: ['runs', 'sandbox', 'models', 'context'],
  swarm: ['workers', 'changes', 'runs', 'models'],
  // It stops everything, so it knows everything but the server.
  system: ['runs', 'audit', 'sessions', 'workers', 'swarm'],
  server: [],
}

/** Packages of the house and those they may import by `@nexus/NAME`; e2e may import everything. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  daemon: ['protocol'],
  cli: ['protocol'],
  dashboard: ['protocol'],
}

/** Files that build the daemon, and its programs of their own process: they may import any room, by value. */
export const COMPOSITION = ['daemon/src/daemon.ts', 'daemon/src/main.ts', 'daemon/src/diary-reader.ts', 'daemon/src/ferry.ts']

/** Things that have one place: where a file matches `of`, only files that match `only` may have it. */
export const ONE_PLACE = [
  { what: 'better-sqlite3', of: /^(daemon|cli|protocol)\//, only: /^daemon\/src\/state\// },
  { what: 'fastify', of: /^(daemon|cli|protocol)\//, only: /^daemon\/src\/server\// },
  { what: 'process.env', of: /^daemon\/src\//, only: /^daemon\/src\/(config|main)\.ts$/ },
  { what: 'process.env', of: /^cli\/src\//, only: /^cli\/src\/main\.ts$/ },
  { what: 'process.env', of: /^protocol\/src\//, only: /^$/ },
  { what: 'process.env', of: /^dashboard\//, only: /^$/ },
  { what: 'Date.now', of: /^daemon\/src\//, only: /^daemon\/src\/base\/clock\.ts$/ },
  { what: 'Date.now', of: /^protocol\/src\//, only: /^$/ },
] as const

/** At this length a file is asked what its second idea is. */
export const LONG_LINES = 300

/** Longer files and the answer. */
export const LONG_FILES: Readonly<Record<string, string>> = {}
