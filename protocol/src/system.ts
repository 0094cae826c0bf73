/** The daemon itself: status, doctor, kill switch, housekeeping, stop. */
import { z } from 'zod'
import { portSchema } from './ports.ts'
import { receiptSchema } from './receipt.ts'
import { strengthSchema, wallSchema, backendSchema } from './runs.ts'
import { procedure, router, type Actor } from './trpc.ts'

/** One way to run a command, tried for real with a mini-sandbox. */
export const probeSchema = z.object({
  backend: backendSchema,
  launcher: z.enum(['native', 'util-linux']),
  works: z.boolean(),
  strength: strengthSchema.nullable(),
  walls: z.array(wallSchema),
  cause: z.string().optional(),
  fix: z.string().optional(),
  /** Of the mini-sandbox, in milliseconds. */
  tookMs: z.number(),
})
export type Probe = z.infer<typeof probeSchema>

export const statusSchema = z.object({
  version: z.string(),
  build: z.string(),
  pid: z.number(),
  startedAt: z.number(),
  uptimeMs: z.number(),
  home: z.string(),
  socket: z.string(),
  /** Null while the daemon does not listen on TCP. */
  url: z.string().nullable(),
  killed: z.boolean(),
  runs: z.object({ running: z.number(), waiting: z.number(), kept: z.number() }),
  /** Published ports of runs, which end with them. */
  ports: z.array(portSchema.extend({ run: z.string() })),
  sandbox: z.object({ backend: backendSchema, launcher: z.enum(['native', 'util-linux']), strength: strengthSchema }).nullable(),
  /** Where the state is. full: only what is under way is recorded, nothing new is begun. */
  disk: z.object({ freeBytes: z.number(), full: z.boolean() }),
  /** Announced deletions; firstAt: not before. */
  soon: z.object({ layers: z.number(), backups: z.number(), firstAt: z.number().nullable() }),
  rssBytes: z.number(),
  head: z.number(),
})
export type Status = z.infer<typeof statusSchema>

export const doctorSchema = z.object({ probes: z.array(probeSchema), chosen: statusSchema.shape.sandbox, notes: z.array(z.object({ what: z.string(), fix: z.string() })) })
export type Doctor = z.infer<typeof doctorSchema>

export const killResultSchema = z.object({ killed: z.boolean(), stopped: z.array(z.string()), discarded: z.array(z.string()), tookMs: z.number(), /** Absent on release. */ receipt: receiptSchema.optional() })
export type KillResult = z.infer<typeof killResultSchema>

const leavingSchema = z.array(z.object({ run: z.string(), at: z.number() }))
/** What retention deletes next, soonest first: not before `at`. */
export const soonSchema = z.object({ layers: leavingSchema, backups: leavingSchema })
export type Soon = z.infer<typeof soonSchema>

export const gcResultSchema = z.object({
  layers: z.array(z.object({ run: z.string(), bytes: z.number() })),
  backups: z.array(z.object({ run: z.string(), bytes: z.number() })),
  blobs: z.object({ count: z.number(), bytes: z.number() }),
  /** What a crash left: layers, staging folders and recorded output that no run owns. */
  litter: z.object({ count: z.number(), bytes: z.number() }),
  freedBytes: z.number(),
  /** False: only told what would be deleted. */
  deleted: z.boolean(),
  soon: soonSchema,
})
export type GcResult = z.infer<typeof gcResultSchema>

export interface SystemService {
  status(): Status
  doctor(): Promise<Doctor>
  kill(release: boolean, actor: Actor): Promise<KillResult>
  gc(dryRun: boolean, actor: Actor): Promise<GcResult>
  /** Begins a graceful stop; `ifIdle` refuses (false) while a run is running or applying. */
  stop(ifIdle: boolean, actor: Actor): { stopping: boolean }
}

export const systemRouter = router({
  status: procedure.output(statusSchema).query(({ ctx }) => ctx.system.status()),
  doctor: procedure.output(doctorSchema).query(({ ctx }) => ctx.system.doctor()),
  kill: procedure.input(z.object({ release: z.boolean().default(false) })).output(killResultSchema).mutation(({ ctx, input }) => ctx.system.kill(input.release, ctx.actor)),
  gc: procedure.input(z.object({ dryRun: z.boolean().default(false) })).output(gcResultSchema).mutation(({ ctx, input }) => ctx.system.gc(input.dryRun, ctx.actor)),
  stop: procedure.input(z.object({ ifIdle: z.boolean().default(false) })).output(z.object({ stopping: z.boolean() })).mutation(({ ctx, input }) => ctx.system.stop(input.ifIdle, ctx.actor)),
})
