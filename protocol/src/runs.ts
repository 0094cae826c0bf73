/**
 * Runs: a command shadow-run in a layer, what came of it, and what was decided.
 */
import { z } from 'zod'
import { bytesSchema, changeSchema, conflictSchema, countsSchema, openConflictSchema, outsideSchema, resolvedSchema } from './changes.ts'
import { handedSchema } from './handed.ts'
import { namedRun, type NamedRun } from './named-run.ts'
import { denialSchema, netSchema } from './network.ts'
import type { QuestionsService } from './questions.ts'
import { backendSchema, breachSchema, checkSchema, endReasonSchema, runFlagSchema, runStatusSchema, strengthSchema, usageSchema, wallSchema } from './run-words.ts'
import { receiptSchema, type Receipt } from './receipt.ts'
import { outputRequestSchema, type Output, type Progress } from './run-output.ts'
import { verdictSchema } from './run-verdict.ts'
import { askedPortsSchema, portSchema, type WishedPorts } from './ports.ts'
import { agentWorkSchema, type TranscriptsService } from './transcripts.ts'
import { procedure, router, type Actor } from './trpc.ts'

export * from './run-words.ts'

export const runSummarySchema = z.object({
  id: z.string(),
  /** Absolute path of the project that the layer covers. */
  project: z.string(),
  /** argv; one single element is a shell line. */
  command: z.array(z.string()),
  cwd: z.string(),
  status: runStatusSchema,
  endReason: endReasonSchema.optional(),
  /** With endReason `limit`, and `timed-out` where a setting gave the time. */
  breach: breachSchema.optional(),
  /** What the person should know of this run's settings: a file that could not be used, a wish that was not granted. */
  notes: z.array(z.string()).optional(),
  /** Null for runs of before there were verdicts. */
  verdict: verdictSchema.nullable(),
  strength: strengthSchema,
  backend: backendSchema,
  walls: z.array(wallSchema),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  /** Milliseconds from launcher spawn to exit. */
  durationMs: z.number().nullable(),
  usage: usageSchema.nullable(),
  counts: countsSchema,
  /** sha256 of the canonical change list; null until sealed. */
  digest: z.string().nullable(),
  flags: z.array(runFlagSchema),
  /** The rules of what it may reach; absent with `--net off` and `--net on`. */
  network: z.array(z.string()).optional(),
  /** Names of the variables that the caller handed to this run alone. */
  handed: z.array(z.string()).optional(),
  pty: z.boolean(),
  check: checkSchema.optional(),
  /** The agent of somebody else's that this run is, and what its work came to by its own count. */
  agent: agentWorkSchema.optional(),
  parent: z.string().optional(),
  /** The run whose command this one repeats on the host as it is now. */
  rerunOf: z.string().optional(),
  /** The verification that it is a check of; such a run is never `last`. */
  verification: z.string().optional(),
  /** What of it is reached at 127.0.0.1 while it runs. */
  ports: z.array(portSchema).optional(),
  /** What to do next, as a command line, when something waits for a person. */
  next: z.string().optional(),
  /** Its layer is deleted then or later; absent when it has none, or is pinned. */
  expiresAt: z.number().optional(),
  /** A person keeps it beyond its time. */
  pinned: z.literal(true).optional(),
  /** The run above it in a stack with which it was applied as one; that one is rolled back, not this. */
  appliedWith: z.string().optional(),
})
export type RunSummary = z.infer<typeof runSummarySchema>

export const runSchema = runSummarySchema.extend({
  stdout: bytesSchema,
  stderr: bytesSchema,
  /** Bytes left out of the middle of stdout and stderr here; the whole is in the blob store. */
  truncated: z.object({
    stdout: z.number(), stderr: z.number(),
    /** Set when more was printed than is stored: what is missing from the middle there, too. */
    stored: z.object({ limitBytes: z.number(), leftOutBytes: z.number() }).optional(),
  }),
  changes: z.array(changeSchema),
  outside: z.array(outsideSchema),
  denials: z.array(denialSchema),
  /** So many secrets were taken out of the output before it was stored. */
  redacted: z.number().optional(),
  conflicts: z.array(conflictSchema),
  /** Paths already on the host; the rest of an applied run stays appliable. */
  appliedPaths: z.array(bytesSchema),
  /** Paths in conflict where a person kept the host's version: decided, and no more part of what is left to apply. */
  keptPaths: z.array(bytesSchema).optional(),
  /** The runs below it in its stack that are not applied yet, nearest the host first: it is applied after them, or with them. */
  needs: z.array(z.string()).optional(),
})
export type Run = z.infer<typeof runSchema>

const durationSchema = z.number().int().positive().max(7 * 24 * 3600_000)

/** The size of the terminal that the command gets; without one its output is two pipes. */
const ptySchema = z.object({ rows: z.number().int().positive().max(0xffff), cols: z.number().int().positive().max(0xffff) })

export const runRequestSchema = z.object({
  command: z.array(z.string()).min(1),
  cwd: z.string(),
  project: z.string().optional(),
  /** The caller's variables; the daemon keeps only allow-listed names. */
  env: z.record(z.string(), z.string()),
  /** The caller's file mode mask, 0 to 0o777. */
  umask: z.number().int().min(0).max(0o777),
  /** Absent: what the settings allow in this project, which is nothing where they say nothing. */
  net: netSchema.optional(),
  /** Values for this run alone; never stored. */
  handed: handedSchema.optional(),
  /** The daemon's own notes: what was handed, and how it can be handed again; that the words are not as they were typed; and that files like .env are empty inside. */
  handedNames: z.array(z.string()).optional(), refill: handedSchema.pick({ kept: true, keys: true }).optional(), isRedacted: z.boolean().optional(), masks: z.union([z.boolean(), z.literal('deny')]).optional(),
  /** Somebody is about to stand beside it and can be asked. `askable` is the daemon's own note: nobody else has the last word. */
  asks: z.boolean().optional(), askable: z.boolean().optional(),
  backend: z.enum(['auto', 'overlay', 'copy']).default('auto'),
  /** apply: a request that policy, flags and the check may turn into "kept". */
  wish: z.enum(['keep', 'apply', 'discard']).default('keep'),
  timeoutMs: durationSchema.optional(),
  /** A shell line run in a throw-away child layer after the command; its exit code gates --apply. */
  check: z.string().optional(),
  /** True when the caller will send input; otherwise the command reads /dev/null. */
  stdin: z.boolean().default(false),
  pty: ptySchema.optional(),
  /** Ports of it that programs of this machine reach. */
  publish: askedPortsSchema.optional(),
  /** The kept run that it stacks on: it sees what that one left, and its changes count from there. */
  on: z.string().min(1).optional(),
  /** The command is this agent: it has the agent's private home, which stays. */
  agent: z.string().max(64).regex(/^[a-z][a-z0-9-]*$/, 'a name of small letters, digits and hyphens').optional(),
})
export type RunRequest = z.infer<typeof runRequestSchema>
export type RunRequestInput = z.input<typeof runRequestSchema>

const listSchema = z.object({
  project: z.string().optional(), cwd: z.string().optional(), all: z.boolean().default(false),
  limit: z.number().int().min(1).max(1000).default(100),
  /** Runs older than this one. */
  before: z.string().optional(),
})
export type RunListRequest = z.infer<typeof listSchema>

/** `host`: of what lies between the host and what the run left, with every run below it that is not applied. */
const againstSchema = z.enum(['parent', 'host']).default('parent')
/** Together with the runs below it that are not applied: one change set, one digest, one way back. */
const withParents = z.boolean().default(false)

const diffRequestSchema = namedRun.extend({ paths: z.array(bytesSchema).default([]), patch: z.boolean().default(true), against: againstSchema })
export type DiffRequest = z.infer<typeof diffRequestSchema>
export const diffSchema = z.object({ run: z.string(), digest: z.string().nullable(), changes: z.array(changeSchema), patch: z.string().optional() })
export type Diff = z.infer<typeof diffSchema>

const applyRequestSchema = namedRun.extend({
  paths: z.array(bytesSchema).default([]), digest: z.string().optional(), withParents,
  /** A person knows that the verdict is critical and applies it all the same. */
  confirm: z.literal('critical').optional(),
})
export type ApplyRequest = z.infer<typeof applyRequestSchema>
export const applyResultSchema = z.object({ run: runSummarySchema, applied: z.array(bytesSchema), conflicts: z.array(conflictSchema) })
export type ApplyResult = z.infer<typeof applyResultSchema>

const conflictsRequestSchema = namedRun.extend({ paths: z.array(bytesSchema).default([]), patches: z.boolean().default(false), withParents })
export type ConflictsRequest = z.infer<typeof conflictsRequestSchema>
export const conflictReportSchema = z.object({ run: z.string(), digest: z.string().nullable(), conflicts: z.array(openConflictSchema) })
export type ConflictReport = z.infer<typeof conflictReportSchema>

const mergeRequestSchema = namedRun.extend({
  paths: z.array(bytesSchema).default([]),
  /** A choice for a directory holds for what lies below it. */
  choices: z.array(resolvedSchema).default([]),
  /** Merge the paths in conflict that are not named and merge cleanly. */
  merges: z.boolean().default(true),
  /** Leave the conflicts that are left for later instead of refusing. */
  skipRest: z.boolean().default(false),
  withParents,
})
export type MergeRequest = z.infer<typeof mergeRequestSchema>
/**
 * A change set in which every conflict is settled, measured against the host as it is now; nothing is written. `digest`
 * is the name by which it is applied, hex sha256 of JCS {changes, resolved}, changes as in the digest of a run and both
 * sorted by path bytes; null while `conflicts` are left.
 */
export const mergedSchema = z.object({
  run: z.string(),
  digest: z.string().nullable(),
  changes: z.array(changeSchema),
  resolved: z.array(resolvedSchema),
  conflicts: z.array(openConflictSchema),
  /** From the host to what would be written, of the resolved paths only: the others are as they were reviewed. */
  patch: z.string(),
})
export type Merged = z.infer<typeof mergedSchema>

const rerunRequestSchema = namedRun.extend({
  /** The caller's own; a browser has neither, and the run before knows them. */
  env: z.record(z.string(), z.string()).optional(), umask: z.number().int().min(0).max(0o777).optional(), stdin: z.boolean().default(false),
  wish: z.enum(['keep', 'apply', 'discard']).default('keep'),
  pty: ptySchema.optional(),
  asks: z.boolean().default(false),
  /** What the caller's settings hand to every run; of it, what the run before was handed. */
  handed: handedSchema.optional(),
})
export type RerunRequest = z.infer<typeof rerunRequestSchema>

const stopRequestSchema = namedRun.extend({
  patienceMs: z.number().int().min(0).max(3600_000).default(10_000),
  /** It is stopped to be started again, with this handed to it. */
  again: z.object({ handed: handedSchema.optional() }).optional(),
})
export type StopRequest = z.infer<typeof stopRequestSchema>

const shellRequestSchema = namedRun.extend({
  env: z.record(z.string(), z.string()), umask: z.number().int().min(0).max(0o777),
  /** Never inherited from the run: only who asks for the network has it. */
  net: netSchema.default('off'),
  pty: ptySchema.optional(),
})
export type ShellRequest = z.infer<typeof shellRequestSchema>

export interface RunsService extends QuestionsService, TranscriptsService {
  start(request: RunRequest, actor: Actor): Promise<Run>
  /** Resolves when nothing moves any more: sealed and decided as far as the request allowed, waiting, refused or failed. */
  wait(named: NamedRun, signal: AbortSignal | undefined): Promise<Run>
  get(named: NamedRun): Promise<Run>
  list(request: RunListRequest): Promise<{ runs: RunSummary[]; next?: string }>
  output(named: NamedRun, from: { after: number; setsPace: boolean; tailBytes?: number | undefined; follow: boolean }, signal: AbortSignal | undefined): AsyncIterable<Output>
  input(named: NamedRun, data: Uint8Array, end: boolean): Promise<void>
  resize(named: NamedRun, rows: number, cols: number): Promise<void>
  diff(request: DiffRequest): Promise<Diff>
  apply(request: ApplyRequest, actor: Actor): Promise<ApplyResult>
  /** The conflicts that an apply would meet now, with what may be decided about each. */
  conflicts(request: ConflictsRequest): Promise<ConflictReport>
  /** Settles conflicts in a change set of its own digest, to be looked at and then applied by that digest. */
  merge(request: MergeRequest, actor: Actor): Promise<Merged>
  /**
   * The same command on the host as it is now, or on what took the place of the run below it; once it has ended well, the
   * old run is `stale`.
   */
  rerun(request: RerunRequest, actor: Actor): Promise<Run>
  rollback(request: NamedRun, actor: Actor): Promise<ApplyResult>
  /** A hint to look at, not a record: what is under way now, until nothing is. */
  progress(named: NamedRun, signal: AbortSignal | undefined): AsyncIterable<Progress>
  /** `cascade`: with everything that stands on it. */
  discard(named: NamedRun, cascade: boolean, actor: Actor): Promise<Run>
  /** Layer and pre-images stay beyond their time, until released. */
  pin(named: NamedRun, release: boolean, actor: Actor): Promise<Run>
  approve(named: NamedRun, deny: boolean, actor: Actor): Promise<Run>
  /** Ends one run; its layer is kept for inspection and is not appliable. */
  kill(named: NamedRun, reason: 'killed' | 'interrupted', actor: Actor): Promise<{ run: Run; receipt: Receipt }>
  /** Asks a run to end (SIGTERM), and ends it after `patienceMs`; what ended by itself can be applied. Problem `handed-gone`: `again` cannot be. */
  stop(request: StopRequest, actor: Actor): Promise<Run>
  /** Publishes ports of a run that runs, and takes others back. */
  publish(named: NamedRun, wished: WishedPorts, actor: Actor): Promise<Run>
  /** Opens an interactive shell in the run's layer and returns the run whose output and input are the terminal. */
  shell(request: ShellRequest, actor: Actor): Promise<Run>
}

const answer = z.object({ run: runSchema })

export const runsRouter = router({
  start: procedure.input(runRequestSchema).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.start(input, ctx.actor) })),
  wait: procedure.input(namedRun).output(answer).query(async ({ ctx, input, signal }) => ({ run: await ctx.runs.wait(input, signal) })),
  get: procedure.input(namedRun).output(answer).query(async ({ ctx, input }) => ({ run: await ctx.runs.get(input) })),
  list: procedure.input(listSchema).output(z.object({ runs: z.array(runSummarySchema), next: z.string().optional() })).query(({ ctx, input }) => ctx.runs.list(input)),
  output: procedure.input(outputRequestSchema).subscription(async function* ({ ctx, input, signal }) {
    const { after, limit, setsPace, tailBytes, follow } = input
    for await (const piece of ctx.runs.output(input, { after, setsPace, tailBytes, follow }, signal)) {
      yield piece
      if (piece.type !== 'end' && piece.at - after >= limit) return
    }
  }),
  input: procedure.input(namedRun.extend({ base64: z.base64(), end: z.boolean().default(false) })).mutation(async ({ ctx, input }) => {
    await ctx.runs.input(input, Buffer.from(input.base64, 'base64'), input.end)
  }),
  resize: procedure.input(namedRun.extend(ptySchema.shape)).mutation(async ({ ctx, input }) => {
    await ctx.runs.resize(input, input.rows, input.cols)
  }),
  diff: procedure.input(diffRequestSchema).output(diffSchema).query(({ ctx, input }) => ctx.runs.diff(input)),
  // `apply` itself is a word that tRPC keeps.
  applyChanges: procedure.input(applyRequestSchema).output(applyResultSchema).mutation(({ ctx, input }) => ctx.runs.apply(input, ctx.actor)),
  conflicts: procedure.input(conflictsRequestSchema).output(conflictReportSchema).query(({ ctx, input }) => ctx.runs.conflicts(input)),
  merge: procedure.input(mergeRequestSchema).output(mergedSchema).mutation(({ ctx, input }) => ctx.runs.merge(input, ctx.actor)),
  rerun: procedure.input(rerunRequestSchema).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.rerun(input, ctx.actor) })),
  rollback: procedure.input(namedRun).output(applyResultSchema).mutation(({ ctx, input }) => ctx.runs.rollback(input, ctx.actor)),
  progress: procedure.input(namedRun).subscription(async function* ({ ctx, input, signal }) {
    yield* ctx.runs.progress(input, signal)
  }),
  discard: procedure.input(namedRun.extend({ cascade: z.boolean().default(false) })).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.discard(input, input.cascade, ctx.actor) })),
  pin: procedure.input(namedRun.extend({ release: z.boolean().default(false) })).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.pin(input, input.release, ctx.actor) })),
  approve: procedure.input(namedRun.extend({ deny: z.boolean().default(false) })).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.approve(input, input.deny, ctx.actor) })),
  kill: procedure.input(namedRun.extend({ reason: z.enum(['killed', 'interrupted']).default('killed') })).output(answer.extend({ receipt: receiptSchema })).mutation(({ ctx, input }) => ctx.runs.kill(input, input.reason, ctx.actor)),
  stop: procedure.input(stopRequestSchema).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.stop(input, ctx.actor) })),
  publish: procedure.input(namedRun.extend({ publish: askedPortsSchema.default([]), withdraw: z.array(z.number().int()).max(64).default([]) })).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.publish(input, input, ctx.actor) })),
  shell: procedure.input(shellRequestSchema).output(answer).mutation(async ({ ctx, input }) => ({ run: await ctx.runs.shell(input, ctx.actor) })),
})
