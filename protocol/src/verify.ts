/**
 * Verify: does the project still build, pass its tests and its linters? The commands are recognised, run in layers of
 * their own, and what they say is counted.
 */
import { z } from 'zod'
import { netSchema } from './network.ts'
import { endReasonSchema } from './runs.ts'
import { procedure, router, type Actor } from './trpc.ts'

export const checkKindSchema = z.enum(['build', 'lint', 'test'])
export type CheckKind = z.infer<typeof checkKindSchema>

/** One thing that did not pass; `file` is relative to the project where it lies in it. */
export const failureSchema = z.object({ name: z.string(), file: z.string().optional(), line: z.number().optional(), message: z.string() })
export type Failure = z.infer<typeof failureSchema>

/** What a test runner's output says. It informs; whether a check passed is its exit code's word alone. */
export const summarySchema = z.object({
  /** Whose output it is: `node:test`, `vitest`, `pytest`, …; several are joined by ` + `. */
  runner: z.string(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  /** The first ones; also what did not compile, which is in no count. */
  failures: z.array(failureSchema),
  /** True: the output was longer than what is read, so the counts may be too small. */
  partial: z.boolean(),
})
export type Summary = z.infer<typeof summarySchema>

export const verifyCheckSchema = z.object({
  kind: checkKindSchema,
  /** Who recognised it: `npm`, `cargo`, `make`, … */
  ecosystem: z.string(),
  /** Where it runs, relative to the project; `.` is the project itself. */
  folder: z.string(),
  command: z.array(z.string()),
  /** left-out: it was not run, `why` says why not. */
  status: z.enum(['queued', 'running', 'passed', 'failed', 'left-out']),
  why: z.string().optional(),
  /** The run that it was. */
  run: z.string().optional(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  endReason: endReasonSchema.optional(),
  durationMs: z.number().nullable(),
  /** Null: nothing in the output is understood, the exit code alone judges. */
  summary: summarySchema.nullable(),
})
export type VerifyCheck = z.infer<typeof verifyCheckSchema>

export const verificationSchema = z.object({
  id: z.string(),
  project: z.string(),
  /** The run whose result is verified; without it, the project as it is. */
  on: z.string().optional(),
  status: z.enum(['running', 'passed', 'failed', 'stopped']),
  startedAt: z.number(),
  durationMs: z.number().nullable(),
  /** In the order in which they run. */
  checks: z.array(verifyCheckSchema),
})
export type Verification = z.infer<typeof verificationSchema>

export const verifyRequestSchema = z.object({
  cwd: z.string(),
  project: z.string().optional(),
  /** Id, prefix or `last`: verify what that run would leave. */
  on: z.string().min(1).optional(),
  /** Empty: every kind. */
  only: z.array(checkKindSchema).default([]),
  env: z.record(z.string(), z.string()),
  umask: z.number().int().min(0).max(0o777),
  net: netSchema.optional(),
  backend: z.enum(['auto', 'overlay', 'copy']).default('auto'),
  /** Of each command. */
  timeoutMs: z.number().int().positive().max(7 * 24 * 3600_000).optional(),
})
export type VerifyRequest = z.infer<typeof verifyRequestSchema>

export interface VerifyService {
  /** Recognises the commands and begins. Throws Problem `no-checks` where nothing is recognised. */
  start(request: VerifyRequest, actor: Actor): Promise<Verification>
  /** The present state, then every later one until it has ended; a slow reader misses steps, never the end. */
  follow(id: string, signal: AbortSignal | undefined): AsyncIterable<Verification>
  /** Ends what runs and begins nothing more. */
  stop(id: string, actor: Actor): Promise<Verification>
}

const named = z.object({ id: z.string() })

export const verifyRouter = router({
  start: procedure.input(verifyRequestSchema).output(z.object({ verification: verificationSchema })).mutation(async ({ ctx, input }) => ({ verification: await ctx.verify.start(input, ctx.actor) })),
  follow: procedure.input(named).subscription(async function* ({ ctx, input, signal }) {
    yield* ctx.verify.follow(input.id, signal)
  }),
  stop: procedure.input(named).output(z.object({ verification: verificationSchema })).mutation(async ({ ctx, input }) => ({ verification: await ctx.verify.stop(input.id, ctx.actor) })),
})
