/** A run's row (what lists show), its details (what one screen shows), and the decisions on it. */
import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change, Conflict, Counts, Outside } from '@nexus/protocol/changes'
import type { Denial } from '@nexus/protocol/network'
import type { Backend, Breach, Check, EndReason, RunRequest, RunStatus, Strength, Usage, Wall } from '@nexus/protocol/runs'
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { AgentWork } from '@nexus/protocol/transcripts'
import type { Limits } from '@nexus/protocol/settings'
import type { Proposal } from '../changes/changes.ts'

export interface StoredProposal extends Pick<Proposal, 'merged' | 'taken' | 'kept'> {
  readonly digest: string
  readonly changes: Change[]
  readonly named: boolean
  /** Runs below that it holds as well. */
  readonly withParents?: readonly string[]
}

export interface Applying {
  readonly withParents: readonly string[]
  /** `whole`: everything, and as it stands in the layers. */
  readonly as: 'whole' | 'part' | 'merged'
  readonly keptPaths?: Bytes[]
}

export const runs = sqliteTable('runs', {
  /** Order of creation. */
  number: integer().primaryKey({ autoIncrement: true }),
  id: text().notNull().unique(),
  project: text().notNull(),
  cwd: text().notNull(),
  command: text({ mode: 'json' }).$type<string[]>().notNull(),
  request: text({ mode: 'json' }).$type<RunRequest>().notNull(),
  status: text().$type<RunStatus>().notNull(),
  endReason: text('end_reason').$type<EndReason>(),
  strength: text().$type<Strength>().notNull(),
  backend: text().$type<Backend>().notNull(),
  launcher: text().$type<'native' | 'util-linux'>().notNull(),
  walls: text({ mode: 'json' }).$type<Wall[]>().notNull(),
  exitCode: integer('exit_code'),
  signal: text(),
  createdAt: integer('created_at').notNull(),
  startedAt: integer('started_at'),
  durationMs: integer('duration_ms'),
  usage: text({ mode: 'json' }).$type<Usage>(),
  counts: text({ mode: 'json' }).$type<Counts>().notNull(),
  digest: text(),
  check: text({ mode: 'json' }).$type<Check>(),
  parent: text(),
  /** The run that this one repeats. */
  rerunOf: text('rerun_of'),
  next: text(),
  /** The verification that it is a check of: not what a person means by `last`. */
  verification: text(),
  /** Set while the layer's folder exists. */
  layer: text(),
  xattrs: text().$type<'trusted' | 'user'>().notNull(),
  parents: text({ mode: 'json' }).$type<string[]>().notNull(),
  /** In force when it was asked for; null for runs of before there were limits. */
  limits: text({ mode: 'json' }).$type<Limits>(),
  nestedSandboxes: integer('nested_sandboxes', { mode: 'boolean' }).notNull().default(false),
  breach: text({ mode: 'json' }).$type<Breach>(),
  /** Null for runs of before there were verdicts. */
  verdict: text({ mode: 'json' }).$type<RunVerdict>(),
  /** What the agent that it is says of its work; null for none, and until it has ended. */
  agentWork: text('agent_work', { mode: 'json' }).$type<Omit<AgentWork, 'name'>>(),
  /** Set once a shell with the host's network was open in the layer: what it holds may come from there. */
  shellNet: text('shell_net').$type<'on'>(),
  notes: text({ mode: 'json' }).$type<string[]>(),
  /** When the run came to its present station; what retention counts from. */
  movedAt: integer('moved_at').notNull().default(0),
  /** A person wants it kept beyond its time. */
  pinned: integer({ mode: 'boolean' }).notNull().default(false),
  /** When the end of its layer and of its pre-images was announced; a move takes the announcement back. */
  layerNoticeAt: integer('layer_notice_at'),
  preImagesNoticeAt: integer('pre_images_notice_at'),
  /** What an apply that is under way decides; for the record of it, should the daemon die. */
  applying: text({ mode: 'json' }).$type<Applying>(),
  /** Is all of an applied run on the host, as it stands in its layer? Null while it is not applied. */
  appliedAs: text('applied_as').$type<Applying['as']>(),
  /** The run above it with which it is applied, or taken back, as one. */
  appliedWith: text('applied_with'),
  /** The run below it that is not what it stood on any more; null for none, and for a run that was superseded itself. */
  staleBy: text('stale_by'),
  /** Set before they are deleted: from then on there is no rollback. */
  preImagesGoneAt: integer('pre_images_gone_at'),
}, (table) => [
  index('runs_project').on(table.project, table.number), index('runs_status').on(table.status), index('runs_parent').on(table.parent),
  index('runs_notice').on(table.preImagesNoticeAt).where(sql`${table.preImagesNoticeAt} is not null`),
  index('runs_layer').on(table.movedAt).where(sql`${table.layer} is not null`),
])

export const runDetails = sqliteTable('run_details', {
  run: text().primaryKey().references(() => runs.id),
  changes: text({ mode: 'json' }).$type<Change[]>().notNull(),
  outside: text({ mode: 'json' }).$type<Outside[]>().notNull(),
  conflicts: text({ mode: 'json' }).$type<Conflict[]>().notNull(),
  appliedPaths: text('applied_paths', { mode: 'json' }).$type<Bytes[]>().notNull(),
  /** Where a person kept the host's version; null for none. */
  keptPaths: text('kept_paths', { mode: 'json' }).$type<Bytes[]>(),
  /** The newest change set in which conflicts are settled, until it is applied or another takes its place. */
  proposal: text({ mode: 'json' }).$type<StoredProposal>(),
  /** What the network did not let through; null for nothing. */
  denials: text({ mode: 'json' }).$type<Denial[]>(),
  /** Secrets taken out of the output. */
  redacted: integer().notNull().default(0),
  stdout: blob({ mode: 'buffer' }).notNull(),
  stderr: blob({ mode: 'buffer' }).notNull(),
  omittedStdout: integer('omitted_stdout').notNull(),
  omittedStderr: integer('omitted_stderr').notNull(),
  /** Bytes of the middle of both that are in no blob either. */
  leftOut: integer('left_out').notNull().default(0),
  /** Blob of all output frames in order; null while the run is young. */
  output: text(),
  /** Blob of the agent's transcript, an entry per line. */
  transcript: text(),
}, (table) => [index('run_details_output').on(table.output), index('run_details_transcript').on(table.transcript)])

/** Who decided what about which change set; an approval names the digest. */
export const approvals = sqliteTable('approvals', {
  id: text().primaryKey(),
  run: text().notNull().references(() => runs.id),
  decision: text().$type<'run' | 'deny' | 'apply' | 'roll-back' | 'discard'>().notNull(),
  digest: text(),
  actor: text().notNull(),
  at: integer().notNull(),
})

/** Switches that outlive the daemon, such as the kill latch. */
export const latches = sqliteTable('latches', {
  name: text().primaryKey(),
  on: integer({ mode: 'boolean' }).notNull(),
})
